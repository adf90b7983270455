import type { PoolClient } from 'pg';
import type { Clock } from '#libs/runtime';
import { keyIdOf, readArrival, type Arrival, type RawMessage } from './arrival.js';
import { ContentFailure, isOfContent } from './content-failure.js';
import { freedBy, type Freed } from './held-key.js';
import { withoutRepeated } from './inbox.js';
import * as sql from './intake.sql.js';
import type { OutcomeWriter } from './outcome-events.js';
import type { EventFacts, Release } from './told.js';
import { writeOutcomes } from './outcome-rows.js';
import { parkedReason, type PayloadVault } from './park.js';
import type { Planner } from './plan.js';
import { planAndSchedule, type EventToPlan } from './planning.js';
import type { WaysIn } from './way-in.js';

/** It is not there, was resolved before, or cannot be planned as it stands: the sentence says which. */
export class ParkedRefusal extends Error {
  override readonly name = 'ParkedRefusal';
  constructor(
    readonly code: 'not-found' | 'resolved' | 'still-invalid' | 'behind-another',
    message: string,
  ) {
    super(message);
  }
}

export interface ReleaseOptions {
  clock: Clock;
  planner: Planner;
  outcomes: OutcomeWriter;
  vault: PayloadVault;
  warnOnly?: ReadonlySet<string>;
  waysIn?: WaysIn;
}

/** What a person puts in place of the bytes that came. */
export interface FixWish {
  content: Buffer;
  /** Where they travel otherwise than the original did. */
  properties?: RawMessage['properties'];
  by: string;
  reason: string;
  /** Whether the person may write what is of these; throws where not. */
  allows?: (where: EventFacts) => void;
}

interface LockedRow {
  id: string;
  state: string;
  source: string | null;
  company: string | null;
  branch: string | null;
  key: string | null;
  event_id: string | null;
  type: string | null;
  subject: string | null;
  integration_id: string | null;
  reason_code: string;
  holds: boolean;
  queue: string;
  content: Buffer;
  properties: RawMessage['properties'];
  resolved_at: Date | null;
}

/** Lets one parked event go, within a transaction that holds every intake still. @throws ParkedRefusal */
export class ParkedRelease {
  constructor(
    private readonly client: PoolClient,
    private readonly options: ReleaseOptions,
  ) {}

  async skip(id: string, actor: string, reason: string): Promise<void> {
    const row = await this.lock(id);
    const holders = await this.lockKey(row);
    await this.resolve(row, 'skipped', { how: 'skipped', actor, reason });
    await this.planFreed(this.freed(holders, row), row, actor);
  }

  async plan(id: string, actor: string, reason: string): Promise<void> {
    const row = await this.lock(id);
    const arrival = this.read(row);
    if (row.reason_code === 'wrong-way-in') await this.letIn(row, arrival);
    await this.planNow(row, arrival, { how: 'planned', actor, reason });
  }

  async fix(id: string, { content, properties, by, reason, allows }: FixWish): Promise<void> {
    const row = await this.lock(id);
    const fixed = this.readBytes({ content, properties: properties ?? row.properties });
    if (fixed.facts) allows?.(fixed.facts);
    requireSameKey(row, fixed);
    if (row.reason_code === 'wrong-way-in') await this.letIn(row, fixed);
    else if (fixed.facts && fixed.facts.id !== row.event_id) await this.remember(fixed);
    await this.planNow(row, fixed, { how: 'fixed', actor: by, reason }, content);
  }

  /** Under this id it was not known: it must not have come otherwise, and must not come again. */
  private async remember(fixed: Arrival): Promise<void> {
    const [fresh] = await withoutRepeated(this.client, [fixed]);
    if (!fresh || fresh.parked?.kind === 'id-reused')
      throw new ParkedRefusal('still-invalid', `the event ${fixed.facts!.id} was here before`);
  }

  /** The settings must have changed since it came, and it must not have come the right way meanwhile. */
  private async letIn(row: LockedRow, arrival: Arrival): Promise<void> {
    const { waysIn } = this.options;
    const objection = arrival.facts && waysIn?.objection(arrival.facts, waysIn.publisherOf(row.properties));
    if (objection) throw new ParkedRefusal('still-invalid', objection);
    if (arrival.facts) await this.remember(arrival);
  }

  private async planNow(row: LockedRow, arrival: Arrival, release: Release, fixed?: Buffer): Promise<void> {
    if (!arrival.event) throw new ParkedRefusal('still-invalid', arrival.parked?.reason ?? 'it cannot be read');
    const holders = await this.lockKey(row);
    const freed = this.freed(holders, row);
    const own = row.holds ? freed.find((one) => one.row.id === row.id) : besides(row, holders);
    if (!own) throw new ParkedRefusal('behind-another', `another parked event of the same key comes before ${row.id}`);
    await this.resolve(row, 'planned', release, fixed);
    await this.planAlone(own, arrival);
    await this.planFreed(freed, row, release.actor);
  }

  /** The event somebody asked for: where it cannot be planned even now, nothing changes. */
  private async planAlone(own: Freed<LockedRow>, arrival: Arrival): Promise<void> {
    const failed = await this.planned([this.toPlan(own, arrival)], own.row.queue).catch((error: Error) => {
      if (!isOfContent(error)) throw error;
      return error.message;
    });
    if (failed) throw new ParkedRefusal('still-invalid', failed);
  }

  /** What waited, all together, or one by one where the content of one makes all fail: that one is parked then. */
  private async planFreed(freed: readonly Freed<LockedRow>[], head: LockedRow, actor: string): Promise<void> {
    const waited = freed.filter((one) => one.row.id !== head.id);
    const release: Release = { how: 'planned', actor, reason: `waited behind ${head.id}` };
    if (waited.length === 0 || !(await this.failedTogether(waited, release))) return;
    for (const one of waited) {
      const why = await this.failedTogether([one], release);
      if (why) return this.parkWaiting(one.row, `it could not be planned in its turn: ${why}`);
    }
  }

  /** @returns why they could not be planned, where the content of one failed: nothing of it is left then */
  private async failedTogether(waited: readonly Freed<LockedRow>[], release: Release): Promise<string | undefined> {
    await this.client.query(sql.KEEP_SO_FAR);
    try {
      const arrivals = waited.map(({ row }) => this.readEvent(row));
      await this.client.query(sql.RESOLVE_WAITING, [waited.map(({ row }) => row.id), release.actor, release.reason]);
      await this.planned(
        waited.map((one, at) => this.toPlan(one, arrivals[at]!)),
        waited[0]!.row.queue,
      );
      const announced = waited.flatMap(({ row }, at) =>
        row.state === 'waiting' ? [] : [{ row, arrival: arrivals[at]! }],
      );
      const { outcomes } = this.options;
      await writeOutcomes(
        this.client,
        announced.map(({ row, arrival }) => outcomes.eventReleased(arrival.facts, row.id, release)),
      );
      return undefined;
    } catch (error) {
      if (!isOfContent(error)) throw error;
      await this.client.query(sql.BACK_TO_SO_FAR);
      return (error as Error).message;
    }
  }

  private async parkWaiting(row: LockedRow, why: string): Promise<void> {
    const reason = parkedReason(why);
    await this.client.query(sql.PARK_WAITING, [row.id, 'plan-failed', reason]);
    const facts = { parkedId: row.id, reason, heldKey: row.key!, integrationId: row.integration_id ?? undefined };
    const told = this.options.outcomes.eventParked(this.read(row).facts, { kind: 'plan-failed', ...facts });
    await writeOutcomes(this.client, [told]);
  }

  /** @returns why the first could not be planned for the one integration it waits for */
  private async planned(batch: readonly EventToPlan[], queue: string): Promise<string | undefined> {
    const { plans } = await planAndSchedule(this.client, { ...this.options, queue }, batch);
    const only = batch[0]!.onlyIntegration;
    return plans[0]!.failures.find(({ integrationId }) => integrationId === only)?.reason;
  }

  /** @throws ContentFailure where this version takes it for no event */
  private readEvent(row: LockedRow): Arrival {
    const arrival = this.read(row);
    if (!arrival.event) throw new ContentFailure(arrival.parked?.reason ?? 'it cannot be read');
    return arrival;
  }

  /** Every intake stands still first: what is planned must not change under one. */
  private async lock(id: string): Promise<LockedRow> {
    await this.client.query(sql.LOCK_ALL_EPOCHS);
    const row = (await this.client.query<LockedRow>(sql.LOCK_PARKED, [id])).rows[0];
    if (!row || row.state === 'waiting') throw new ParkedRefusal('not-found', `no event is parked under ${id}`);
    if (row.resolved_at) throw new ParkedRefusal('resolved', `the parked event ${id} was resolved before`);
    return row;
  }

  private async lockKey(row: LockedRow): Promise<LockedRow[]> {
    if (!row.key) return [];
    return (await this.client.query<LockedRow>(sql.LOCK_KEY, [row.source, row.company, row.key])).rows;
  }

  /** A type that was unknown when it came may be known by now; it goes in its turn then. */
  private freed(holders: readonly LockedRow[], head: LockedRow): Freed<LockedRow>[] {
    if (!head.holds) return [];
    return freedBy(holders, head.id, (row) => row.state === 'unknown-type' && this.read(row).event !== undefined);
  }

  private async resolve(row: LockedRow, state: string, release: Release, fixed?: Buffer): Promise<void> {
    const { vault, outcomes } = this.options;
    const reason = parkedReason(release.reason ?? '');
    const sealed = fixed ? vault.seal(fixed) : null;
    await this.client.query(sql.RESOLVE_PARKED, [row.id, state, release.actor, reason, sealed]);
    await writeOutcomes(this.client, [outcomes.eventReleased(factsOf(row), row.id, release)]);
  }

  private read(row: LockedRow): Arrival {
    return this.readBytes({ content: this.options.vault.open(row.content), properties: row.properties });
  }

  private readBytes(raw: RawMessage): Arrival {
    const { planner, clock, warnOnly } = this.options;
    return readArrival(raw, clock.now(), { warnOnly, knows: (type) => planner.knows(type) });
  }

  private toPlan({ row, exceptIntegrations }: Freed<LockedRow>, arrival: Arrival): EventToPlan {
    return { arrival, exceptIntegrations, onlyIntegration: row.integration_id ?? undefined };
  }
}

/** One that holds nothing itself must not pass those that hold its key. */
function besides(row: LockedRow, holders: readonly LockedRow[]): Freed<LockedRow> | undefined {
  const held = holders.map(({ integration_id: integrationId }) => integrationId);
  if (held.includes(null)) return undefined;
  return { row, exceptIntegrations: new Set(held.filter((integrationId) => integrationId !== null)) };
}

/** As noted when it was parked: what is only told of stays sealed. */
function factsOf(row: LockedRow): EventFacts | undefined {
  const { event_id: id, source, type, subject, company, branch } = row;
  if (id === null || source === null || type === null || subject === null || company === null) return undefined;
  return { id, source, type, subject, company, branch };
}

function requireSameKey(row: LockedRow, { facts, key }: Arrival): void {
  if (row.key === null) return;
  const same =
    facts && key && keyIdOf(facts.source, facts.company, key) === keyIdOf(row.source!, row.company!, row.key);
  if (!same) throw new ParkedRefusal('still-invalid', 'it is of another key now: its order would be lost');
}
