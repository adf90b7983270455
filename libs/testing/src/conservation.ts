/** One event the ERP committed, in the order of its title. */
export interface CommittedEvent {
  /** Whose account at the partner. */
  account: string;
  /** The partner's key of the thing: a title. */
  externalId: string;
  /** Rises with each event of the title. */
  sequence: number;
}

/** One call the partner took, in the order in which it acted on them. */
export interface TakenCall {
  account?: string;
  externalId?: string;
  /** The same for every try of one delivery, and no other's. */
  idempotencyKey?: string;
  bodyHash: string;
  verb: string;
  effect: string;
  status: number | null;
}

/** What is known to wait for a person: explained, not lost. */
export interface ParkedItem {
  account: string;
  externalId: string;
  /** How many events of the title wait there. */
  count: number;
}

export interface Verdict {
  /** Committed, neither delivered nor parked. */
  lost: string[];
  /** A second effect of one delivery. */
  doubled: string[];
  /** The same delivery again, right after itself: fine for idempotent calls, and counted. */
  repeated: string[];
  /** A delivery again, or for the first time, after a later one of its title. */
  reordered: string[];
  /** At the partner, and nobody knows where it came from. */
  unexplained: string[];
  delivered: number;
}

/** Whether nothing is lost, doubled, reordered or unexplained; repeats are allowed. */
export function isEven({ lost, doubled, reordered, unexplained }: Verdict): boolean {
  return lost.length + doubled.length + reordered.length + unexplained.length === 0;
}

/**
 * Weighs what the ERP committed against what the partner acted on, title by title. Speaks of effects, not of requests:
 * a kill between the partner's answer and our record of it repeats a request.
 */
export function weigh(
  committed: readonly CommittedEvent[],
  calls: readonly TakenCall[],
  parked: readonly ParkedItem[] = [],
): Verdict {
  const verdict: Verdict = { lost: [], doubled: [], repeated: [], reordered: [], unexplained: [], delivered: 0 };
  const expected = Map.groupBy(committed, keyOf);
  const accepted = Map.groupBy(calls.filter(isAccepted), keyOf);
  const waiting = new Map(parked.map((item) => [keyOf(item), item.count]));
  for (const key of new Set([...expected.keys(), ...accepted.keys()])) {
    weighTitle(key, expected.get(key)?.length ?? 0, accepted.get(key) ?? [], waiting.get(key) ?? 0, verdict);
  }
  return verdict;
}

function weighTitle(
  key: string,
  committed: number,
  calls: readonly TakenCall[],
  parked: number,
  verdict: Verdict,
): void {
  const effects = new Map<string, number>();
  let last: bigint | undefined;
  for (const call of calls) {
    const position = positionOf(call);
    if (position === undefined) {
      verdict.unexplained.push(`${key}: a ${call.verb} without a delivery's key`);
      continue;
    }
    const name = `${key} delivery ${position}`;
    if (last !== undefined && position < last) verdict.reordered.push(`${name} after ${last}`);
    else if (position === last) verdict.repeated.push(name);
    const effect = (effects.get(name) ?? 0) + (hasEffect(call) ? 1 : 0);
    if (effect > 1 && hasEffect(call)) verdict.doubled.push(name);
    effects.set(name, effect);
    if (last === undefined || position > last) last = position;
  }
  verdict.delivered += effects.size;
  const missing = committed - effects.size - parked;
  if (missing > 0) verdict.lost.push(`${key}: ${missing} of ${committed} never came`);
  if (missing < 0) verdict.unexplained.push(`${key}: ${-missing} more came than were committed`);
}

function keyOf({ account, externalId }: { account?: string; externalId?: string }): string {
  return `${account}/${externalId}`;
}

function isAccepted({ effect }: TakenCall): boolean {
  return effect !== 'none';
}

function hasEffect({ effect }: TakenCall): boolean {
  return effect !== 'none' && effect !== 'unchanged';
}

/** Our key ends with the delivery's position, which rises along a lane. */
function positionOf({ idempotencyKey }: TakenCall): bigint | undefined {
  const position = /-(\d+)$/.exec(idempotencyKey ?? '')?.[1];
  return position === undefined ? undefined : BigInt(position);
}
