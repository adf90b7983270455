import type { LaneFacts } from '#libs/delivery';
import type { TitleNow } from '#libs/receivables';
import type { ReceivableChanged } from '#libs/contracts';
import type { NewItem } from './reconciliation-book.js';
import { differingFields, type ComparedFields, type ExpectedRow } from './reconciliation.js';

/** A title, what the partner should hold of it, and what it held when it was read. */
export interface Pair {
  now: TitleNow;
  /** A sentence where the title cannot be told at all. */
  expected: ExpectedRow | string;
  held?: ComparedFields;
}

/**
 * What is wrong with a title at the partner, if anything. Pure.
 * What moved since the reading began, or is on its way, is in flight: the reading is older than it. What was never owed
 * while the integration was on, and never sent, is not missed.
 * @param upTo everything planned up to there was planned before the reading began
 */
export function compare({ now, expected, held }: Pair, facts: LaneFacts | undefined, upTo: bigint): NewItem[] {
  const { receivableId } = now.title;
  if (typeof expected === 'string')
    return isOwed(now.title) ? [{ kind: 'inexpressible', receivableId, reason: expected }] : [];
  const item = { receivableId, externalId: expected.externalId, expected: expected.fields, held };
  const wrong = wrongIn(expected, held);
  if (!wrong || (wrong.kind === 'missing' && !isOwed(now.title) && !facts?.delivered && !facts?.open)) return [];
  const onItsWay = reasonInFlight(now, facts, upTo);
  return [onItsWay ? { ...item, kind: 'in-flight', reason: onItsWay } : { ...item, ...wrong }];
}

export function isWrong({ expected, held }: Pair): boolean {
  return typeof expected !== 'string' && wrongIn(expected, held) !== undefined;
}

function wrongIn(
  { fields }: ExpectedRow,
  held: ComparedFields | undefined,
): Pick<NewItem, 'kind' | 'fields' | 'reason'> | undefined {
  if (!fields) return held && { kind: 'extra', reason: 'o título foi excluído / the title was deleted' };
  if (!held) return { kind: 'missing' };
  const differing = differingFields(fields, held);
  return differing.length > 0 ? { kind: 'different', fields: differing } : undefined;
}

function reasonInFlight({ position }: TitleNow, facts: LaneFacts | undefined, upTo: bigint): string | undefined {
  if (facts?.parked) return 'espera por uma pessoa / it waits for a person';
  if (facts?.open) return 'está a caminho / it is on its way';
  if (position > upTo || facts?.settledSince) return 'mudou durante a conferência / it changed while this was read';
  return undefined;
}

function isOwed({ status }: ReceivableChanged): boolean {
  return status === 'open' || status === 'partially-settled';
}
