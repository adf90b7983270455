import type { Pool, PoolClient } from 'pg';
import { inTransaction, type Clock } from '#libs/runtime';
import * as sql from './endpoints.sql.js';
import type { OutcomeWriter } from './outcome-events.js';
import type { EndpointOwner } from './told.js';
import { writeOutcomes } from './outcome-rows.js';
import { PauseCopy } from './pause-copy.js';
import { FIRST_PROBE_MS, pauseMs, waitForProbe, type Pause, type PauseReason, type StandingPause } from './pause.js';
import { storable } from './storable.js';

export interface EndpointsOptions {
  pool: Pool;
  clock: Clock;
  outcomes: OutcomeWriter;
  firstProbeMs?: number;
}

interface PauseRow {
  endpoint_id: string;
  integration_id: string;
  operation_group: string;
  reason: PauseReason;
  detail: string;
  set_by: string;
  since: Date;
  until: Date | null;
  probe_at: Date | null;
}

/** What stops an endpoint: kept in the database for all replicas, with this process' copy of what it works on. */
export class Endpoints {
  /** Looked at before each call. */
  readonly copy = new PauseCopy();

  constructor(private readonly options: EndpointsOptions) {}

  isPaused(endpointId: string): boolean {
    return this.copy.reasons(endpointId).length > 0;
  }

  /** Brings the copy up to date. */
  async refresh(): Promise<void> {
    const ids = this.copy.watchedEndpoints;
    if (ids.length === 0) return;
    const askedAt = this.options.clock.monotonicMs();
    const { rows } = await this.options.pool.query<PauseRow>(sql.STANDING_PAUSES, [ids]);
    const byEndpoint = Map.groupBy(rows, (row) => row.endpoint_id);
    for (const id of ids) {
      const standing = (byEndpoint.get(id) ?? []).map((row) => row.reason);
      this.copy.refresh(id, standing, askedAt);
    }
  }

  /** Sets the pause in this process at once and in the database; the first to set it says so to the world. */
  async pause(endpointId: string, pause: Pause): Promise<void> {
    const { pool, clock } = this.options;
    this.copy.remember(endpointId, pause.reason, clock.monotonicMs());
    await inTransaction(pool, (client) => this.pauseIn(client, endpointId, pause));
  }

  /** Within somebody's transaction. */
  async pauseIn(client: PoolClient, endpointId: string, pause: Pause): Promise<void> {
    const { clock, outcomes, firstProbeMs } = this.options;
    const { reason, setBy } = pause;
    const detail = storable(pause.detail);
    const probeMs = reason === 'breaker' ? waitForProbe(0, firstProbeMs) : null;
    const values = [endpointId, reason, detail, storable(setBy), pauseMs(pause, clock.now()) ?? null, probeMs];
    const { rows } = await client.query<{ fresh: boolean; until: Date | null }>(sql.PAUSE_ENDPOINT, values);
    if (!rows[0]?.fresh) return;
    const [owner] = await ownersOf(client, [endpointId]);
    const standing = await standingOn(client, endpointId);
    const told = { reason, standing, detail, until: rows[0].until ?? undefined, actor: setBy };
    await writeOutcomes(client, [outcomes.endpointPaused(owner!, told)]);
  }

  /** Ends one reason; when none is left, the endpoint starts its ramp. @returns whether it stood */
  async resume(endpointId: string, reason: PauseReason, by: string): Promise<boolean> {
    const stood = await inTransaction(this.options.pool, async (client) => {
      // The endpoint first, as a claim locks it before the probe's pause: the other way round they would wait in a ring.
      await client.query(sql.WAIT_FOR_ENDPOINT, [endpointId]);
      const { rowCount } = await client.query(sql.RESUME_ENDPOINT, [endpointId, reason]);
      if (rowCount) await this.tellResumed(client, [{ endpointId, reason }], by);
      return Boolean(rowCount);
    });
    this.copy.forget(endpointId, reason);
    return stood;
  }

  /** Ends what has an end. @returns the endpoints */
  async endPauses(): Promise<string[]> {
    const { rows } = await this.options.pool.query<{ any_to_end: boolean }>(sql.PAUSES_TO_END);
    if (!rows[0]!.any_to_end) return [];
    return inTransaction(this.options.pool, async (client) => {
      const locked = await client.query<{ id: string }>(sql.LOCK_ENDPOINTS_TO_RESUME);
      const ids = locked.rows.map((row) => row.id);
      const gone = await client.query<Pick<PauseRow, 'endpoint_id' | 'reason'>>(sql.END_PAUSES, [ids]);
      const ended = gone.rows.map(({ endpoint_id: endpointId, reason }) => ({ endpointId, reason }));
      await this.tellResumed(client, ended, 'ponte');
      return [...new Set(ended.map(({ endpointId }) => endpointId))];
    });
  }

  /** The probe met a partner that does not answer yet: the next one waits longer. */
  async putOffProbe(endpointId: string, failed: number): Promise<void> {
    const { pool, firstProbeMs = FIRST_PROBE_MS } = this.options;
    await pool.query(sql.PUT_OFF_PROBE, [endpointId, waitForProbe(failed, firstProbeMs)]);
  }

  /** Ids of an integration's endpoints. */
  async ofIntegration(integrationId: string): Promise<string[]> {
    const { rows } = await this.options.pool.query<{ id: string }>(sql.ENDPOINTS_OF, [[integrationId]]);
    return rows.map((row) => row.id);
  }

  async limit(integrationId: string, concurrency: number): Promise<void> {
    await this.options.pool.query(sql.LIMIT_ENDPOINTS, [integrationId, concurrency]);
  }

  async standing(): Promise<StandingPause[]> {
    const { rows } = await this.options.pool.query<PauseRow>(sql.ALL_PAUSES);
    return rows.map((row) => ({
      endpointId: row.endpoint_id,
      integrationId: row.integration_id,
      group: row.operation_group,
      reason: row.reason,
      detail: row.detail,
      setBy: row.set_by,
      since: row.since,
      until: row.until ?? undefined,
      probeAt: row.probe_at ?? undefined,
    }));
  }

  private async tellResumed(
    client: PoolClient,
    ended: readonly { endpointId: string; reason: PauseReason }[],
    actor: string,
  ): Promise<void> {
    const ids = [...new Set(ended.map(({ endpointId }) => endpointId))];
    if (ids.length === 0) return;
    await client.query(sql.START_RAMPS, [ids]);
    for (const owner of await ownersOf(client, ids)) {
      const standing = await standingOn(client, owner.endpointId);
      const reasons = ended.filter(({ endpointId }) => endpointId === owner.endpointId);
      const told = reasons.map(({ reason }) =>
        this.options.outcomes.endpointResumed(owner, { reason, standing, actor }),
      );
      await writeOutcomes(client, told);
    }
  }
}

async function ownersOf(client: PoolClient, ids: readonly string[]): Promise<EndpointOwner[]> {
  type Row = { endpoint_id: string; integration_id: string; operation_group: string; owner_key: string };
  const { rows } = await client.query<Row>(sql.ENDPOINT_OWNERS, [ids]);
  return rows.map((row) => ({
    endpointId: row.endpoint_id,
    integrationId: row.integration_id,
    group: row.operation_group,
    ...readOwnerKey(row.owner_key),
  }));
}

/** `source|company` */
export function readOwnerKey(key: string): { source: string; company: string } {
  const [source = '', company = ''] = key.split('|');
  return { source, company };
}

export async function standingOn(client: PoolClient, endpointId: string): Promise<PauseReason[]> {
  const { rows } = await client.query<{ reason: PauseReason }>(sql.STANDING_PAUSES, [[endpointId]]);
  return rows.map((row) => row.reason);
}
