import { absent, delivered, present, type Outcome, type Verification } from '#libs/contracts';
import type { Clock } from '#libs/runtime';
import {
  type Budget,
  type ClaimedDelivery,
  type CourierAnswer,
  type DeliveryCall,
  type EndpointOfGroup,
  type PaidCourier,
  type PaidRules,
  type VerifiedAnswer,
} from '../src/index.js';
import { ScriptedCourier } from './scripted-courier.js';

export const BUY = 'analysis.buy';

type Says = (charge: () => string, call: DeliveryCall) => Outcome | Promise<Outcome>;

/** A partner that charges for every request that reaches it, unless it knows its idempotency key. */
export class PaidPartner {
  /** Of each charge: the key it came under. */
  readonly charges: string[] = [];
  private readonly byKey = new Map<string, { reference: string; at: number }>();
  /** After so long a charge shows when somebody asks. */
  readLagMs = 0;
  /** So long it takes the same key for the same; 0: it honours none. */
  honoursMs = 0;
  private readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** @returns the partner's own name for it */
  charge(key: string): string {
    const known = this.byKey.get(key);
    const at = this.clock.monotonicMs();
    if (known && at - known.at < this.honoursMs) return known.reference;
    this.charges.push(key);
    const reference = `A${this.charges.length}`;
    this.byKey.set(key, { reference, at });
    return reference;
  }

  find(key: string): Verification {
    const known = this.byKey.get(key);
    return known && this.clock.monotonicMs() - known.at >= this.readLagMs ? present(known.reference) : absent();
  }
}

/** One replica's way to the partner: its calls and verifications answer as the test says. */
export class PaidScript extends ScriptedCourier {
  override operations: string[] = ['title.put', BUY];
  says: Says = (charge) => delivered(charge());
  finds: (key: string, call: DeliveryCall) => Verification | Promise<Verification>;
  rules: PaidRules = { settlesWithinMs: 60_000 };
  budget: Budget | undefined = { zone: 'America/Sao_Paulo' };
  answersCheck = true;
  readonly checks: string[] = [];
  readonly verified: string[] = [];
  readonly paid: PaidCourier;
  readonly partner: PaidPartner;

  constructor(partner: PaidPartner) {
    super();
    this.partner = partner;
    this.finds = (key) => partner.find(key);
    this.paid = {
      operations: [BUY],
      rulesOf: () => this.rules,
      idempotencyKeyOf: ({ position }) => `key-${position}`,
      budgetOf: async () => this.budget,
      verify: (delivery, call) => this.verify(delivery, call),
      check: async ({ group }: EndpointOfGroup) => {
        this.checks.push(group);
        return this.answersCheck;
      },
    };
  }

  override async deliver(delivery: ClaimedDelivery, call: DeliveryCall): Promise<CourierAnswer> {
    if (delivery.operation !== BUY) return super.deliver(delivery, call);
    const { position, laneId, operation, body, attempts } = delivery;
    const { probe } = call;
    this.calls.push({ position: BigInt(position), lane: laneId, operation, body, attempts, probe });
    return { outcome: await this.says(() => this.partner.charge(`key-${position}`), call) };
  }

  private async verify({ position }: ClaimedDelivery, call: DeliveryCall): Promise<VerifiedAnswer> {
    const key = `key-${position}`;
    this.verified.push(key);
    return { verification: await this.finds(key, call) };
  }
}
