import type { BusinessKeys, Outcome } from '#libs/contracts';

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
}

export interface DeliveryCall {
  /** Milliseconds; the partner's socket is destroyed when they are over. */
  deadlineMs: number;
  /** The one call let through while the breaker is open. */
  probe: boolean;
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

/** Whoever talks to the partners: the engine hands over one delivery and acts on the answer. */
export interface Courier {
  readonly operations: readonly string[];
  /** Whether a refusal is final and lets the lane go on, instead of waiting for a person. */
  continuesAfterRefusal(operation: string): boolean;
  limitsOf(integrationId: string): Promise<DeliveryLimits>;
  /** An exception is our bug and parks the delivery. */
  deliver(delivery: ClaimedDelivery, call: DeliveryCall): Promise<CourierAnswer>;
  /** The endpoint works again: what this process believes of it starts afresh. */
  resumed(endpointId: string): void;
}
