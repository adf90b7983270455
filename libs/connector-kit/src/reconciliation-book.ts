import type { Pool, PoolClient } from 'pg';
import type { ComparedFields, HeldPage } from './reconciliation.js';
import * as sql from './reconciliation.sql.js';

export type ItemKind = 'missing' | 'extra' | 'different' | 'in-flight' | 'inexpressible';

/** As people see it. */
export interface ReconciliationReport {
  id: string;
  integrationId: string;
  state: 'reading' | 'comparing' | 'finished' | 'failed';
  startedBy: string;
  startedAt: Date;
  finishedAt: Date | null;
  /** The next page to read, of so many. */
  page: number;
  pages: number | null;
  /** What the partner holds. */
  held: number | null;
  /** Titles compared so far. */
  titles: number;
  /** Why it stands still, or failed. */
  reason: string | null;
  waitUntil: Date | null;
}

/** One under somebody's hands: the epoch says whose. */
export interface OpenReconciliation extends ReconciliationReport {
  epoch: number;
  /** Everything planned up to here when it began. */
  upTo: bigint;
  comparedUpTo: string;
  /** Times the pages were read from the first. */
  readings: number;
}

export interface NewItem {
  kind: ItemKind;
  externalId?: string;
  receivableId: string;
  fields?: string[];
  expected?: ComparedFields;
  held?: ComparedFields;
  reason?: string;
}

export interface Item {
  id: string;
  kind: ItemKind;
  externalId: string | null;
  receivableId: string | null;
  /** The fields that differ. */
  fields: string[] | null;
  expected: ComparedFields | null;
  held: ComparedFields | null;
  reason: string | null;
  plannedAt: Date | null;
  plannedBy: string | null;
}

type Queryable = Pick<PoolClient, 'query'>;

const LEASE_SECONDS = 60;
const KEPT = 12;

/** The reconciliations of a connector, on record. */
export class ReconciliationBook {
  constructor(private readonly pool: Pool) {}

  /** @returns undefined while one of the integration is open */
  async start(integrationId: string, by: string, upTo: string): Promise<string | undefined> {
    await this.pool.query(sql.FORGET_OLD, [integrationId, KEPT]);
    return (await this.pool.query<{ id: string }>(sql.START, [integrationId, by, upTo])).rows[0]?.id;
  }

  async startDue(integrationId: string, by: string, upTo: string, notBefore: Date): Promise<string | undefined> {
    const values = [integrationId, by, upTo, notBefore];
    return (await this.pool.query<{ id: string }>(sql.START_DUE, values)).rows[0]?.id;
  }

  async lastStarted(integrationIds: readonly string[]): Promise<Map<string, Date>> {
    type Row = { integration_id: string; started_at: Date };
    const { rows } = await this.pool.query<Row>(sql.LAST_STARTED, [integrationIds]);
    return new Map(rows.map((row) => [row.integration_id, row.started_at]));
  }

  async list(integrationId: string, beforeId: string | null, limit: number): Promise<ReconciliationReport[]> {
    return (await this.pool.query(sql.LIST, [integrationId, beforeId, limit])).rows.map(toReport);
  }

  async read(id: string): Promise<ReconciliationReport | undefined> {
    const row = (await this.pool.query(sql.READ, [id])).rows[0];
    return row && toReport(row);
  }

  async counts(id: string): Promise<{ kind: ItemKind; items: number; planned: number }[]> {
    return (await this.pool.query(sql.COUNTS, [id])).rows;
  }

  async items(id: string, wish: { after: string; kind: string | null; limit: number }): Promise<Item[]> {
    return (await this.pool.query<Item>(sql.ITEMS, [id, wish.after, wish.kind, wish.limit])).rows;
  }

  /** One that nobody works on, under a lease that each step renews. */
  async take(): Promise<OpenReconciliation | undefined> {
    const row = (await this.pool.query(sql.TAKE, [LEASE_SECONDS])).rows[0];
    return row && toOpen(row);
  }

  /** @returns undefined when somebody else has taken it over: what was done meanwhile is not written */
  async lockOurs(client: Queryable, { id, epoch }: OpenReconciliation): Promise<OpenReconciliation | undefined> {
    const row = (await client.query(sql.LOCK_OURS, [id, epoch])).rows[0];
    return row && toOpen(row);
  }

  async keepPage(client: Queryable, one: OpenReconciliation, page: HeldPage, next: NextPage): Promise<void> {
    const rows = [...new Map(page.rows.map((row) => [row.externalId, row])).values()];
    await client.query(sql.KEEP_HELD, [
      one.id,
      rows.map(({ externalId }) => externalId),
      rows.map(({ fields }) => JSON.stringify(fields)),
    ]);
    const values = [one.id, next.state, next.page, page.pages, page.total ?? null, next.readings, LEASE_SECONDS];
    await client.query(sql.PAGE_READ, values);
  }

  /** What is held under these names; it is off the list then: what stays on it to the end is extra. */
  async takeHeld(client: Queryable, id: string, externalIds: readonly string[]): Promise<Map<string, ComparedFields>> {
    type Row = { external_id: string; fields: ComparedFields };
    const { rows } = await client.query<Row>(sql.TAKE_HELD, [id, externalIds]);
    return new Map(rows.map((row) => [row.external_id, row.fields]));
  }

  async keepCompared(client: Queryable, id: string, titles: readonly string[], items: readonly NewItem[]) {
    const json = (value: unknown) => (value === undefined ? null : JSON.stringify(value));
    await client.query(sql.WRITE_ITEMS, [
      id,
      items.map(({ kind }) => kind),
      items.map(({ externalId }) => externalId ?? null),
      items.map(({ receivableId }) => receivableId),
      items.map(({ fields }) => JSON.stringify(fields ?? [])),
      items.map(({ expected }) => json(expected)),
      items.map(({ held }) => json(held)),
      items.map(({ reason }) => reason ?? null),
    ]);
    if (titles.length > 0) await client.query(sql.COMPARED, [id, titles.length, titles.at(-1), LEASE_SECONDS]);
  }

  async finish(client: Queryable, id: string, state: 'finished' | 'failed', reason: string | null): Promise<void> {
    if (state === 'finished') await client.query(sql.WRITE_EXTRAS, [id]);
    await client.query(sql.FINISH, [id, state, reason]);
  }

  async putOff({ id, epoch }: OpenReconciliation, reason: string | null, until: Date | null): Promise<void> {
    await this.pool.query(sql.PUT_OFF, [id, epoch, reason, until]);
  }
}

export interface NextPage {
  state: 'reading' | 'comparing';
  page: number;
  readings: number;
}

function toReport(row: Record<string, never>): ReconciliationReport {
  return {
    id: row.id!,
    integrationId: row.integration_id!,
    state: row.state!,
    startedBy: row.started_by!,
    startedAt: row.started_at!,
    finishedAt: row.finished_at!,
    page: row.page!,
    pages: row.pages!,
    held: row.total!,
    titles: row.titles!,
    reason: row.reason!,
    waitUntil: row.wait_until!,
  };
}

function toOpen(row: Record<string, never>): OpenReconciliation {
  return {
    ...toReport(row),
    epoch: row.epoch!,
    upTo: BigInt(row.up_to!),
    comparedUpTo: row.compared_up_to!,
    readings: row.readings!,
  };
}
