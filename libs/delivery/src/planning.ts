import type { PoolClient } from 'pg';
import type { Arrival } from './arrival.js';
import { columnsOf } from './columns.js';
import { ContentFailure } from './content-failure.js';
import { refuseRings } from './dependencies.js';
import { Holds } from './holds.js';
import { EXPLAIN_INBOX } from './intake.sql.js';
import { writeOutcomes, type OutcomeRow } from './outcome-rows.js';
import { parkArrival, type ParkOptions } from './park.js';
import type { EventPlan, IntegrationPlan, PlannedEvent, Planner } from './plan.js';
import { drawPositions, schedule, type AskedBefore } from './schedule.js';

export interface EventToPlan {
  arrival: Arrival;
  exceptIntegrations: ReadonlySet<string>;
  onlyIntegration?: string;
}

export interface PlanningOptions extends ParkOptions {
  planner: Planner;
}

export interface Planned {
  deliveries: number;
  /** Of each event, in their order, as it was carried out. */
  plans: EventPlan[];
}

/** Plans events in their order and puts the deliveries on their lanes. */
export async function planAndSchedule(
  client: PoolClient,
  options: PlanningOptions,
  batch: readonly EventToPlan[],
): Promise<Planned> {
  if (batch.length === 0) return { deliveries: 0, plans: [] };
  const positions = await drawPositions(client, batch.length);
  const events = batch.map(({ arrival, exceptIntegrations, onlyIntegration }, at): PlannedEvent => ({
    event: arrival.event!,
    position: BigInt(positions[at]!),
    exceptIntegrations,
    onlyIntegration,
  }));
  const plans = (await options.planner.plan(client, events)).map(withoutRings);
  const kept = await holdFailures(client, options, batch, plans);
  const toSchedule = batch.map(({ arrival }, at) => ({ cause: arrival.event!, plans: kept[at]!.plans }));
  const { planned, askedBefore } = await schedule(client, options.outcomes, toSchedule);
  await explain(client, options, batch, withoutRepeated(kept, askedBefore));
  return { deliveries: planned, plans: kept };
}

/** What was asked for before is no delivery of this event: said as such, with the one it became. */
function withoutRepeated(plans: readonly EventPlan[], repeated: readonly AskedBefore[]): readonly EventPlan[] {
  if (repeated.length === 0) return plans;
  return plans.map((plan, at) => ({
    ...plan,
    plans: plan.plans.map((one): IntegrationPlan => {
      const of = repeated.filter((each) => each.at === at && each.integrationId === one.integrationId);
      if (of.length === 0 || of.length < one.deliveries.length) return one;
      const reason = of.map(({ operation, position }) => `${operation}: ${ALREADY_ASKED} ${position}`).join('; ');
      return { ...one, deliveries: [], unplanned: { code: 'already-asked', reason } };
    }),
  }));
}

const ALREADY_ASKED = 'já pedido, entrega / already asked for, delivery';

/** A plan that asks for a ring of waits fails for its integration alone. */
function withoutRings(plan: EventPlan): EventPlan {
  const failures = [...plan.failures];
  const plans = plan.plans.filter(({ integrationId, deliveries }) => {
    const reason = ringIn(deliveries);
    if (reason) failures.push({ integrationId, reason });
    return !reason;
  });
  return { ...plan, plans, failures };
}

function ringIn(deliveries: IntegrationPlan['deliveries']): string | undefined {
  try {
    refuseRings(deliveries);
    return undefined;
  } catch (error) {
    if (error instanceof ContentFailure) return error.message;
    throw error;
  }
}

/** A plan that threw holds the key for that integration only: what came behind it in this batch waits with it. */
async function holdFailures(
  client: PoolClient,
  options: PlanningOptions,
  batch: readonly EventToPlan[],
  plans: readonly EventPlan[],
): Promise<EventPlan[]> {
  const held = new Holds();
  const kept: EventPlan[] = [];
  for (const [at, { arrival, exceptIntegrations, onlyIntegration }] of batch.entries()) {
    const plan = plans[at]!;
    const blocked = [...exceptIntegrations, ...held.integrationsHeld(arrival)].filter(
      (integrationId) => onlyIntegration === undefined || integrationId === onlyIntegration,
    );
    const blockedOnes = new Set(blocked);
    for (const integrationId of blockedOnes) await parkArrival(client, options, arrival, behind(integrationId));
    const failures = plan.failures.filter(({ integrationId }) => !blockedOnes.has(integrationId));
    for (const { integrationId, reason } of failures) {
      await parkArrival(client, options, arrival, { kind: 'plan-failed', reason, holds: true, integrationId });
      held.add(arrival, integrationId);
    }
    kept.push({ ...plan, failures, plans: plan.plans.filter((one) => !blockedOnes.has(one.integrationId)) });
  }
  return kept;
}

/** Stored, unplanned, in line. */
export function behind(integrationId?: string) {
  return { kind: 'waiting' as const, reason: 'behind a parked event of its key', holds: true, integrationId };
}

/** "Why did mine not go?" is asked first: the reason is kept with the event and told to the audit. */
async function explain(
  client: PoolClient,
  { outcomes }: PlanningOptions,
  batch: readonly EventToPlan[],
  plans: readonly EventPlan[],
): Promise<void> {
  const told: OutcomeRow[] = [];
  const rows: unknown[][] = [];
  for (const [at, { arrival }] of batch.entries()) {
    const { facts, day } = arrival;
    const { plans: integrations, unplanned, failures } = plans[at]!;
    if (unplanned) told.push(outcomes.unplanned(facts!, unplanned));
    for (const one of integrations)
      if (one.unplanned) told.push(outcomes.unplanned(facts!, one.unplanned, one.integrationId));
    const nothing = failures.length === 0 && integrations.every((one) => one.deliveries.length === 0);
    const why = unplanned ?? integrations.find((one) => one.unplanned)?.unplanned;
    if (nothing && why) rows.push([facts!.source, facts!.id, day ?? null, why.code, why.reason]);
  }
  if (rows.length > 0) await client.query(EXPLAIN_INBOX, columnsOf(rows, 5));
  await writeOutcomes(client, told);
}
