import type { Pool, PoolClient } from 'pg';
import { inTransaction, type Clock } from '#libs/runtime';
import { keyIdOf, readArrival, type Arrival, type RawMessage } from './arrival.js';
import { isOfContent } from './content-failure.js';
import { EXPLAIN_INBOX, HASHES_OF, HOLDS_ON, INSERT_INBOX, LOCK_EPOCH, TAKE_EPOCH } from './intake.sql.js';
import { writeOutcomes, type OutcomeRow, type OutcomeWriter } from './outcome-events.js';
import { parkArrival, type PayloadVault } from './park.js';
import type { EventPlan, PlannedEvent, Planner } from './plan.js';
import { drawPositions, schedule } from './schedule.js';
import { columnsOf } from './settle.js';

/** Another process owns the queue now: nothing of this one's open transaction may commit. */
export class EpochLost extends Error {
  override readonly name = 'EpochLost';
}

export interface IntakeOptions {
  pool: Pool;
  clock: Clock;
  queue: string;
  planner: Planner;
  outcomes: OutcomeWriter;
  vault: PayloadVault;
  /** Sources whose receivables may contradict themselves. */
  warnOnly?: ReadonlySet<string>;
}

export interface IntakeCount {
  received: number;
  repeated: number;
  planned: number;
  parked: number;
}

/**
 * Turns a batch of messages into deliveries, in one transaction, in their order. What is repeated changes nothing;
 * what cannot be planned is kept with its bytes and holds its key.
 */
export class Intake {
  private life?: number;
  private epoch?: string;

  constructor(private readonly options: IntakeOptions) {}

  /**
   * Resolves when everything is durable.
   * @throws EpochLost, and whatever the weather throws: the same messages are to be handed again
   */
  async take(messages: readonly RawMessage[], life: number): Promise<IntakeCount> {
    await this.own(life);
    const now = this.options.clock.now();
    const arrivals = messages.map((message) => readArrival(message, now, this.options.warnOnly));
    try {
      return await this.takeIn(arrivals);
    } catch (error) {
      if (!isOfContent(error)) throw error;
      return this.oneByOne(arrivals);
    }
  }

  /** Messages the broker gave up on come in again as parked, each holding its key; what had been taken in is known. */
  async takeDead(messages: readonly RawMessage[], life: number): Promise<void> {
    await this.own(life);
    const now = this.options.clock.now();
    const arrivals = messages.map((message) => asDead(readArrival(message, now, this.options.warnOnly)));
    await this.takeIn(arrivals);
  }

  /** A new life of the channel is a new owner: what an old one still has open can no longer commit. */
  private async own(life: number): Promise<void> {
    if (this.life === life) return;
    const { rows } = await this.options.pool.query<{ epoch: string }>(TAKE_EPOCH, [this.options.queue]);
    this.epoch = rows[0]!.epoch;
    this.life = life;
  }

  private async oneByOne(arrivals: Arrival[]): Promise<IntakeCount> {
    const total: IntakeCount = { received: 0, repeated: 0, planned: 0, parked: 0 };
    for (const arrival of arrivals) {
      const count = await this.takeIn([arrival]).catch((error: Error) => {
        if (!isOfContent(error)) throw error;
        return this.takeIn([asFailed(arrival, error)]);
      });
      for (const name of Object.keys(total) as (keyof IntakeCount)[]) total[name] += count[name];
    }
    return total;
  }

  private takeIn(arrivals: readonly Arrival[]): Promise<IntakeCount> {
    return inTransaction(this.options.pool, async (client) => {
      await this.lockEpoch(client);
      const fresh = await this.withoutRepeated(client, arrivals);
      const { toPlan, parked } = await this.sort(client, fresh);
      const planned = await planAndSchedule(client, this.options, toPlan);
      return { received: arrivals.length, repeated: arrivals.length - fresh.length, planned, parked };
    });
  }

  private async lockEpoch(client: PoolClient): Promise<void> {
    const { rows } = await client.query<{ epoch: string }>(LOCK_EPOCH, [this.options.queue]);
    if (rows[0]?.epoch === this.epoch) return;
    this.life = undefined;
    throw new EpochLost(`the queue "${this.options.queue}" has another owner`);
  }

  /** Leaves out what was here before; the same id with another body is not the same event. */
  private async withoutRepeated(client: PoolClient, arrivals: readonly Arrival[]): Promise<Arrival[]> {
    const remembered = arrivals.filter((arrival) => arrival.day);
    if (remembered.length === 0) return [...arrivals];
    const rows = remembered.map(({ facts, day, hash }) => [
      facts!.source,
      facts!.id,
      day,
      hash,
      facts!.company,
      facts!.type,
      facts!.subject,
    ]);
    const inserted = await client.query<{ source: string; event_id: string }>(INSERT_INBOX, columnsOf(rows, 7));
    const fresh = new Set(inserted.rows.map((row) => `${row.source}\n${row.event_id}`));
    const repeated: Arrival[] = [];
    const kept = arrivals.filter((arrival) => {
      if (!arrival.day || fresh.delete(idOf(arrival))) return true;
      repeated.push(arrival);
      return false;
    });
    return [...kept, ...(await this.reusedIds(client, repeated))];
  }

  private async reusedIds(client: PoolClient, repeated: readonly Arrival[]): Promise<Arrival[]> {
    if (repeated.length === 0) return [];
    const keys = columnsOf(
      repeated.map(({ facts, day }) => [facts!.source, facts!.id, day]),
      3,
    );
    const { rows } = await client.query<{ source: string; event_id: string; hash: Buffer }>(HASHES_OF, keys);
    const hashes = new Map(rows.map((row) => [`${row.source}\n${row.event_id}`, row.hash]));
    return repeated
      .filter((arrival) => !hashes.get(idOf(arrival))?.equals(arrival.hash))
      .map((arrival) => ({
        ...arrival,
        event: undefined,
        parked: { kind: 'id-reused', reason: `the id ${arrival.facts!.id} came before with another body`, holds: true },
      }));
  }

  /** Goes through them in order: parks, keeps what comes behind a held key, and answers what may be planned. */
  private async sort(
    client: PoolClient,
    arrivals: readonly Arrival[],
  ): Promise<{ toPlan: EventToPlan[]; parked: number }> {
    const holds = await Holds.on(client, arrivals);
    const toPlan: EventToPlan[] = [];
    let parked = 0;
    for (const arrival of arrivals) {
      if (arrival.parked) {
        parked += 1;
        await parkArrival(client, this.options, arrival, arrival.parked);
        if (arrival.parked.holds) holds.add(arrival);
      } else if (holds.holdsAll(arrival)) {
        await parkArrival(client, this.options, arrival, {
          kind: 'waiting',
          reason: 'behind a parked event of its key',
          holds: true,
        });
      } else {
        toPlan.push({ arrival, exceptIntegrations: holds.integrationsHeld(arrival) });
      }
    }
    return { toPlan, parked };
  }
}

export interface EventToPlan {
  arrival: Arrival;
  exceptIntegrations: ReadonlySet<string>;
  onlyIntegration?: string;
}

type PlanningOptions = Pick<IntakeOptions, 'planner' | 'outcomes' | 'vault' | 'queue'>;

/** Plans events in their order and puts the deliveries on their lanes. @returns how many deliveries */
export async function planAndSchedule(
  client: PoolClient,
  options: PlanningOptions,
  batch: readonly EventToPlan[],
): Promise<number> {
  if (batch.length === 0) return 0;
  const positions = await drawPositions(client, batch.length);
  const events = batch.map(({ arrival, exceptIntegrations, onlyIntegration }, at): PlannedEvent => ({
    event: arrival.event!,
    position: BigInt(positions[at]!),
    exceptIntegrations,
    onlyIntegration,
  }));
  const plans = await options.planner.plan(client, events);
  const kept = await holdFailures(client, options, batch, plans);
  await explain(client, options.outcomes, batch, kept);
  return schedule(
    client,
    batch.map(({ arrival }, at) => ({ cause: arrival.event!, plans: kept[at]!.plans })),
  );
}

/** A plan that threw holds the key for that integration only: what came behind it in this batch waits with it. */
async function holdFailures(
  client: PoolClient,
  options: PlanningOptions,
  batch: readonly EventToPlan[],
  plans: readonly EventPlan[],
): Promise<EventPlan[]> {
  const held = new Map<string, Set<string>>();
  const kept: EventPlan[] = [];
  for (const [at, { arrival, exceptIntegrations }] of batch.entries()) {
    const plan = plans[at]!;
    const keyId = keyIdOf(arrival);
    const blocked = new Set([...exceptIntegrations, ...(held.get(keyId) ?? [])]);
    for (const integrationId of blocked) {
      await parkArrival(client, options, arrival, {
        kind: 'waiting',
        reason: 'behind a parked event of its key',
        holds: true,
        integrationId,
      });
    }
    for (const { integrationId, reason } of plan.failures) {
      if (blocked.has(integrationId)) continue;
      await parkArrival(client, options, arrival, { kind: 'plan-failed', reason, holds: true, integrationId });
      held.set(keyId, (held.get(keyId) ?? new Set<string>()).add(integrationId));
    }
    kept.push({ ...plan, plans: plan.plans.filter((one) => !blocked.has(one.integrationId)) });
  }
  return kept;
}

/** "Why did mine not go?" is asked first: the reason is kept with the event and told to the audit. */
async function explain(
  client: PoolClient,
  outcomes: OutcomeWriter,
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
    if (nothing && why) rows.push([facts!.source, facts!.id, day, why.code, why.reason]);
  }
  if (rows.length > 0) await client.query(EXPLAIN_INBOX, columnsOf(rows, 5));
  await writeOutcomes(client, told);
}

/** Which keys are held just now, wholly or for one integration; grows as a batch is gone through. */
class Holds {
  private readonly whole = new Set<string>();
  private readonly byIntegration = new Map<string, Set<string>>();

  static async on(client: PoolClient, arrivals: readonly Arrival[]): Promise<Holds> {
    const holds = new Holds();
    const keyed = arrivals.filter((arrival) => arrival.key);
    if (keyed.length === 0) return holds;
    const keys = columnsOf(
      keyed.map(({ facts, key }) => [facts!.source, facts!.company, key]),
      3,
    );
    type Row = { source: string; company: string; key: string; integration_id: string | null };
    const { rows } = await client.query<Row>(HOLDS_ON, keys);
    for (const row of rows) holds.hold(`${row.source}\n${row.company}\n${row.key}`, row.integration_id);
    return holds;
  }

  add(arrival: Arrival): void {
    this.hold(keyIdOf(arrival), null);
  }

  holdsAll(arrival: Arrival): boolean {
    return this.whole.has(keyIdOf(arrival));
  }

  integrationsHeld(arrival: Arrival): ReadonlySet<string> {
    return this.byIntegration.get(keyIdOf(arrival)) ?? new Set();
  }

  private hold(keyId: string, integrationId: string | null): void {
    if (integrationId === null) this.whole.add(keyId);
    else this.byIntegration.set(keyId, (this.byIntegration.get(keyId) ?? new Set<string>()).add(integrationId));
  }
}

function idOf({ facts }: Arrival): string {
  return `${facts!.source}\n${facts!.id}`;
}

function asDead(arrival: Arrival): Arrival {
  const reason = arrival.parked?.reason ?? 'the broker gave up on it and put it among the dead letters';
  return { ...arrival, event: undefined, parked: { kind: 'dead-letter', reason, holds: arrival.key !== undefined } };
}

function asFailed(arrival: Arrival, error: Error): Arrival {
  const reason = `it could not be taken in: ${error.message}`;
  return { ...arrival, event: undefined, parked: { kind: 'plan-failed', reason, holds: arrival.key !== undefined } };
}
