export {
  beginWalk,
  countMissed,
  countOwed,
  endWalk,
  isFillStale,
  lockTitlesToLoad,
  readFill,
  renewFillWish,
  sayFillWishes,
  wantFill,
  type FillState,
  type FillWish,
  type TitlesToLoad,
} from './fill.js';
export { ReceivablesFill1764100000000 } from './fill.migration.js';
export {
  applyReceivables,
  readReceivable,
  type KnownReceivable,
  type PlacedEvent,
  type ReceivableEvent,
  type SequenceAnomaly,
} from './read-model.js';
export { ReceivablesByDocument1764170000000 } from './by-document.migration.js';
export {
  lockOwedBy,
  lockTitles,
  placesOfTitles,
  readTitles,
  type TitleNow,
  type TitlePlace,
  type TitlesWish,
} from './titles.js';
export { ReceivablesReadModel1763900000000 } from './receivables.migration.js';
