import type { BusinessKeys, Outcome, Verification } from '#libs/contracts';

/** A delivery as it was claimed: everything an attempt needs, nothing of the ledger's own bookkeeping. */
export interface ClaimedDelivery {
  position: string;
  laneId: string;
  integrationId: string;
  endpointId: string;
  operation: string;
  body: unknown;
  /** Attempts spent so far. */
  attempts: number;
  /** Tries made so far, those included that spent no attempt. */
  tries: number;
  source: string;
  company: string;
  branch: string | null;
  eventId: string | null;
  eventType: string | null;
  subject: string;
  keys: BusinessKeys | null;
  traceparent: string | null;
  /** Those it went with in a call whose answer is not known; it goes with them again. */
  batchId: string | null;
}

export interface DeliveryCall {
  /** Milliseconds; the partner's socket is destroyed when they are over. */
  deadlineMs: number;
  /** The one call let through while the breaker is open. */
  probe: boolean;
  /** Monotonic, of a paid or irreversible call: not a byte leaves after it, whatever the deadline says. */
  endsAtMs?: number;
}

export interface CourierAnswer {
  outcome: Outcome;
  /** Request and answer, masked, for the attempt's record. */
  exchange?: unknown;
}

export interface DeliveryLimits {
  /** After this many attempts a delivery is parked. */
  attempts: number;
  deadlineMs: number;
  /** Waits between attempts, the last one for all that follow; `DEFAULT_WAITS_MS` unless given. */
  waitsMs?: readonly number[];
}

export interface VerifiedAnswer {
  verification: Verification;
  exchange?: unknown;
}

/** What an integration may spend, in days and months of its zone; money. */
export interface Budget {
  zone: string;
  daily?: string;
  monthly?: string;
}

export interface PaidRules {
  /** What the partner has taken shows there after this long at the latest, counted from the end of the call. */
  settlesWithinMs: number;
  /** So long it takes a call with the same idempotency key for the same; absent: it honours none. */
  idempotencyKeyForMs?: number;
}

/** An endpoint, as who must find it again names it. */
export interface EndpointOfGroup {
  endpointId: string;
  integrationId: string;
  group: string;
}

/** Thrown by a courier's `deliver`: our own mistake, and nothing had left by then. */
export class NeverLeft extends Error {
  override readonly name = 'NeverLeft';
}

/** Thrown by a courier's `deliver` before anything left: what it needs of our own cannot be had now, and nobody is to blame. */
export class NotNow extends Error {
  override readonly name = 'NotNow';
}

/** Calls that cost money or cannot be taken back: at most one of each is made whose outcome nobody knows. */
export interface PaidCourier {
  /** Of the courier's operations, those. */
  readonly operations: readonly string[];
  rulesOf(operation: string): PaidRules;
  /** The same for every call of a delivery, and no other's. */
  idempotencyKeyOf(delivery: ClaimedDelivery): string;
  /** Undefined: nothing caps it. */
  budgetOf(integrationId: string, operation: string): Promise<Budget | undefined>;
  /** Asks the partner, changing nothing there, whether it has the effect of this delivery. An exception is our bug. */
  verify(delivery: ClaimedDelivery, call: DeliveryCall): Promise<VerifiedAnswer>;
  /** Whether the partner answers: the probe of an endpoint through which nothing but paid calls wait. */
  check(endpoint: EndpointOfGroup): Promise<boolean>;
}

/** One answer for each delivery of a batch, in their order, or one for all of them: nobody knows of any by itself. */
export type BatchAnswer = { items: Outcome[]; exchange?: unknown } | CourierAnswer;

/** Operations of which many deliveries, one of a lane, go in one call. */
export interface BatchCourier {
  /** Deliveries in a call at the most, of every operation of this group; undefined: one call each. */
  sizeOf(group: string): number | undefined;
  /** All of one operation. An exception is our bug and parks them; `NotNow` hands them back as they came. */
  deliver(batch: readonly ClaimedDelivery[], call: DeliveryCall & { batchId: string }): Promise<BatchAnswer>;
}

/** Whoever talks to the partners: the engine hands over one delivery and acts on the answer. */
export interface Courier {
  readonly operations: readonly string[];
  /** Whether a refusal is final and lets the lane go on, instead of waiting for a person. */
  continuesAfterRefusal(operation: string): boolean;
  limitsOf(integrationId: string): Promise<DeliveryLimits>;
  /** An exception is our bug and parks the delivery; `NotNow` hands it back as it came. */
  deliver(delivery: ClaimedDelivery, call: DeliveryCall): Promise<CourierAnswer>;
  /** The endpoint works again: what this process believes of it starts afresh. */
  resumed(endpointId: string): void;
  /** Absent: each of its calls may be repeated. */
  readonly paid?: PaidCourier;
  /** Absent: each delivery is a call of its own. */
  readonly batches?: BatchCourier;
}
