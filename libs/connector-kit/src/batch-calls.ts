import type { Outcome } from '#libs/contracts';
import type { BatchAnswer, BatchCourier, ClaimedDelivery, DeliveryCall } from '#libs/delivery';
import type { ConnectorCourier } from './connector-courier.js';
import { DEFAULT_GROUP } from './default-group.js';
import type { ConnectorDefinition } from './definition.js';

export interface BatchCallsOptions {
  definition: ConnectorDefinition;
  courier: Pick<ConnectorCourier, 'callTogether'>;
}

/** Of the connector's operations those of which many go in one call. */
export class BatchCalls implements BatchCourier {
  constructor(private readonly options: BatchCallsOptions) {}

  sizeOf(group: string): number | undefined {
    return this.options.definition.batchSizes.get(group);
  }

  async deliver(batch: readonly ClaimedDelivery[], call: DeliveryCall & { batchId: string }): Promise<BatchAnswer> {
    const { definition, courier } = this.options;
    const { method } = definition.delivers.get(batch[0]!.operation)!;
    const { answer, exchange } = await courier.callTogether(method, batch, call);
    return Array.isArray(answer) ? { items: answer, exchange } : { outcome: answer, exchange };
  }
}

/** What a batched method answers. */
export type BatchOutcome = Outcome | Outcome[];

interface Declared {
  operation: string;
  method: string;
  group?: string;
  batch?: number;
  effect?: string;
}

/** @throws TypeError naming the line to write where a group mixes what goes together with what goes alone */
export function batchSizes(name: string, delivers: readonly Declared[]): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const { operation, method, group = DEFAULT_GROUP, batch, effect } of delivers) {
    if (batch === undefined) continue;
    const call = `${name}.${method} delivers "${operation}" in batches`;
    if (!Number.isInteger(batch) || batch < 1 || batch > 1_000) throw new TypeError(`${call}: of 1 to 1,000`);
    if (effect) throw new TypeError(`${call}: what is ${effect} goes alone`);
    const mixed = delivers.find((other) => (other.group ?? DEFAULT_GROUP) === group && other.batch !== batch);
    if (mixed)
      throw new TypeError(`${call}, and "${mixed.operation}" not so: write group: '…' and give it a group of its own`);
    sizes.set(group, batch);
  }
  return sizes;
}
