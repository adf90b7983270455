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
export { RECEIVABLES_MIGRATIONS } from './migrations.js';
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
