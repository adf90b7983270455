import type { Outcome } from '#libs/contracts';
import type { BatchAnswer, BatchCourier, ClaimedDelivery, DeliveryCall } from '#libs/delivery';
import type { ConnectorCourier } from './connector-courier.js';
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
