import type { BusinessKeys, HubEvent, UnplannedReason } from '#libs/contracts';
import type { PoolClient } from 'pg';

/**
 * A `movement` is always sent, in order. A `state` names its target; a newer one takes the place of an older one of
 * the same operation and target on its lane that nobody has claimed yet.
 */
export interface PlannedDelivery {
  operation: string;
  /** What must stay in order within one integration: a title, a customer, a contract. */
  lane: string;
  kind: 'movement' | 'state';
  /** Of a `state`: what it is the state of; by default the lane. */
  target?: string;
  /** What the connector's `@Deliver` is given, as JSON. */
  body: object;
  /** 0 by default; higher passes lower on the same endpoint. -1 gives way to everything: a load. */
  priority?: -1 | 0 | 1 | 2;
  /** Calls of one group share a breaker, a pause and a limit. */
  group?: string;
  /** What the support desk will search by. */
  keys?: BusinessKeys;
  /** Lane keys of the same integration that must have nothing open from before this one. */
  after?: string[];
  /**
   * Of a paid or irreversible operation: the permanent name of this one wish. Planned again, by whatever event and however
   * much later, nothing is planned.
   */
  operationKey?: string;
  /** What the partner will charge for it: money. */
  cost?: string;
}

export interface IntegrationPlan {
  integrationId: string;
  deliveries: PlannedDelivery[];
  /** Said when there are none. */
  unplanned?: Unplanned;
}

export interface Unplanned {
  code: UnplannedReason;
  reason: string;
}

/** What one event becomes. */
export interface EventPlan {
  plans: IntegrationPlan[];
  /** Integrations whose plan threw: our bug, which holds the event's key for that integration only. */
  failures: { integrationId: string; reason: string }[];
  /** Said when no integration was asked at all. */
  unplanned?: Unplanned;
}

export interface PlannedEvent {
  event: HubEvent;
  /** The event's place in this connector's order; read models carry it. */
  position: bigint;
  /** When given, only this integration is planned for: its hold was released. */
  onlyIntegration?: string;
  /** Integrations that hold this event's key. */
  exceptIntegrations: ReadonlySet<string>;
}

/** The priority of what gives way to everything that moves, and takes a share of an endpoint's calls at the most. */
export const BACKGROUND = -1;

/** Turns events into deliveries inside the intake's transaction; may update read models, in sorted order of their keys. */
export interface Planner {
  plan(client: PoolClient, events: readonly PlannedEvent[]): Promise<EventPlan[]>;
  /** Whether this process knows the type; an unknown one is kept for the process that does. */
  knows(type: string): boolean;
}
