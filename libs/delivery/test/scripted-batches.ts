import { delivered, type Outcome } from '#libs/contracts';
import type { BatchAnswer, BatchCourier, ClaimedDelivery, DeliveryCall } from '../src/index.js';

export interface BatchCall {
  batchId: string;
  /** The `n` of each body, in the order of the call. */
  ns: number[];
  probe: boolean;
}

type Script = (batch: readonly ClaimedDelivery[], call: DeliveryCall & { batchId: string }) => Answer | Promise<Answer>;
type Answer = Outcome | Outcome[];

/** Operations of the group `together` go in batches; answers as the test says, one for all or one for each. */
export class ScriptedBatches implements BatchCourier {
  readonly calls: BatchCall[] = [];
  exchange: unknown = { request: 'a lot of titles' };
  /** Calls under way just now, and the most there ever were. */
  readonly inHand = { now: 0, most: 0 };

  constructor(
    readonly size: number,
    public script: Script = (batch) => batch.map(() => delivered()),
  ) {}

  sizeOf(group: string): number | undefined {
    return group === 'together' ? this.size : undefined;
  }

  async deliver(batch: readonly ClaimedDelivery[], call: DeliveryCall & { batchId: string }): Promise<BatchAnswer> {
    this.calls.push({
      batchId: call.batchId,
      ns: batch.map(({ body }) => (body as { n: number }).n),
      probe: call.probe,
    });
    this.inHand.now += 1;
    this.inHand.most = Math.max(this.inHand.most, this.inHand.now);
    try {
      const answer = await this.script(batch, call);
      const { exchange } = this;
      return Array.isArray(answer) ? { items: answer, exchange } : { outcome: answer, exchange };
    } finally {
      this.inHand.now -= 1;
    }
  }
}
