import { DEFAULT_GROUP } from './default-group.js';

/** What a decorator of a connector class says of an operation. */
interface Declared {
  operation: string;
  method: string;
  group?: string;
  batch?: number;
  effect?: string;
}

const BATCH_MAX = 1_000;

/**
 * Deliveries in one call, by the groups that send many together.
 * @throws TypeError naming the line to write where a group mixes what goes together with what goes alone
 */
export function batchSizes(name: string, delivers: readonly Declared[]): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const { operation, method, group = DEFAULT_GROUP, batch, effect } of delivers) {
    if (batch === undefined) continue;
    const call = `${name}.${method} delivers "${operation}" in batches`;
    if (!Number.isInteger(batch) || batch < 1 || batch > BATCH_MAX)
      throw new TypeError(`${call}: of 1 to ${BATCH_MAX}`);
    if (effect) throw new TypeError(`${call}: what is ${effect} goes alone`);
    const mixed = delivers.find((other) => (other.group ?? DEFAULT_GROUP) === group && other.batch !== batch);
    if (mixed)
      throw new TypeError(`${call}, and "${mixed.operation}" not so: write group: '…' and give it a group of its own`);
    sizes.set(group, batch);
  }
  return sizes;
}
