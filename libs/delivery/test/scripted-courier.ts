import { delivered, type Outcome } from '#libs/contracts';
import type { ClaimedDelivery, Courier, CourierAnswer, DeliveryCall, DeliveryLimits } from '../src/index.js';
import type { ScriptedBatches } from './scripted-batches.js';

export interface CourierCall {
  position: bigint;
  lane: string;
  operation: string;
  body: unknown;
  attempts: number;
  probe: boolean;
  /** What was answered; absent while the call lasts. */
  outcome?: Outcome;
}

type Script = (delivery: ClaimedDelivery, call: DeliveryCall) => Outcome | Promise<Outcome>;

/** Answers as the test says and keeps a log of every call, in the order they began. */
export class ScriptedCourier implements Courier {
  operations: string[] = ['title.put'];
  limits: DeliveryLimits = { attempts: 3, deadlineMs: 2_000 };
  readonly calls: CourierCall[] = [];
  readonly resumedEndpoints: string[] = [];
  readonly finalRefusals = new Set<string>();
  batches?: ScriptedBatches;
  /** What is kept of request and answer. */
  exchange: (delivery: ClaimedDelivery) => unknown = ({ body }) => ({ request: body });

  constructor(public script: Script = () => delivered()) {}

  continuesAfterRefusal(operation: string): boolean {
    return this.finalRefusals.has(operation);
  }

  async limitsOf(_integrationId: string): Promise<DeliveryLimits> {
    return this.limits;
  }

  async deliver(delivery: ClaimedDelivery, call: DeliveryCall): Promise<CourierAnswer> {
    const { position, laneId, operation, body, attempts } = delivery;
    const entry: CourierCall = {
      position: BigInt(position),
      lane: laneId,
      operation,
      body,
      attempts,
      probe: call.probe,
    };
    this.calls.push(entry);
    entry.outcome = await this.script(delivery, call);
    return { outcome: entry.outcome, exchange: this.exchange(delivery) };
  }

  resumed(endpointId: string): void {
    this.resumedEndpoints.push(endpointId);
  }
}
