import type { Pool } from 'pg';
import {
  ALL_PAUSES,
  END_PAUSES,
  ENDPOINT_OWNER,
  LIMIT_ENDPOINTS,
  PAUSE_ENDPOINT,
  RESUME_ENDPOINT,
  STANDING_PAUSES,
  START_RAMP,
} from './endpoints.sql.js';
import { inTransaction } from '#libs/runtime';
import { writeOutcomes, type OutcomeWriter } from './outcome-events.js';

export type PauseReason = 'breaker' | 'rate-limit' | 'credential' | 'spend-cap' | 'maintenance' | 'off' | 'operator';

export interface Pause {
  reason: PauseReason;
  /** In words, for the operator. */
  detail: string;
  /** Who or what set it: a replica, a person. */
  setBy: string;
  /** Ends by itself then; without it, a probe or a person ends it. */
  until?: Date;
}

export interface StandingPause extends Pause {
  endpointId: string;
  integrationId: string;
  group: string;
  since: Date;
  probeAt?: Date;
}

/**
 * Waits before the first probe of an open breaker; each failed probe doubles the wait.
 *   probe  1     2     3     4     5 and on
 *   after  5 s  10 s  20 s  40 s  60 s
 */
const FIRST_PROBE_MS = 5_000;
const PROBE_MAX_MS = 60_000;

export function waitForProbe(probes: number): number {
  return Math.min(FIRST_PROBE_MS * 2 ** probes, PROBE_MAX_MS);
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

/**
 * What stops an endpoint, kept in the database for all replicas, with this process' copy of the endpoints it works on:
 * at most 250 ms old, its own changes at once.
 */
export class Endpoints {
  private readonly copy = new Map<string, Set<PauseReason>>();
  private readonly watched = new Map<string, number>();

  constructor(
    private readonly pool: Pool,
    private readonly outcomes: OutcomeWriter,
    private readonly firstProbeMs = FIRST_PROBE_MS,
  ) {}

  /** Looked at before each call. */
  isPaused(endpointId: string): boolean {
    return (this.copy.get(endpointId)?.size ?? 0) > 0;
  }

  /** Keeps the copy of this endpoint fresh until `unwatch`; it starts empty, for the claim has just looked at the row. */
  watch(endpointId: string): void {
    if (!this.watched.has(endpointId)) this.copy.delete(endpointId);
    this.watched.set(endpointId, (this.watched.get(endpointId) ?? 0) + 1);
  }

  unwatch(endpointId: string): void {
    const left = (this.watched.get(endpointId) ?? 1) - 1;
    if (left > 0) this.watched.set(endpointId, left);
    else {
      this.watched.delete(endpointId);
      this.copy.delete(endpointId);
    }
  }

  async refresh(): Promise<void> {
    if (this.watched.size === 0) return;
    const ids = [...this.watched.keys()];
    const { rows } = await this.pool.query<PauseRow>(STANDING_PAUSES, [ids]);
    for (const id of ids) {
      this.copy.set(id, new Set(rows.filter((row) => row.endpoint_id === id).map((row) => row.reason)));
    }
  }

  /** Sets the pause in this process at once and in the database; the first to set it says so to the world. */
  async pause(endpointId: string, pause: Pause): Promise<void> {
    this.remember(endpointId, pause.reason);
    const probeMs = pause.reason === 'breaker' ? this.firstProbeMs * (1 + Math.random() / 4) : null;
    await inTransaction(this.pool, async (client) => {
      const values = [endpointId, pause.reason, pause.detail, pause.setBy, pause.until ?? null, probeMs];
      const { rows } = await client.query<{ fresh: boolean }>(PAUSE_ENDPOINT, values);
      if (!rows[0]?.fresh) return;
      const owner = await this.ownerOf(client, endpointId);
      await writeOutcomes(client, [this.outcomes.endpointPaused(owner, pause)]);
    });
  }

  /** Ends one reason; when none is left, the endpoint starts its ramp. @returns whether it stood */
  async resume(endpointId: string, reason: PauseReason, by: string): Promise<boolean> {
    const stood = await inTransaction(this.pool, async (client) => {
      const { rowCount } = await client.query(RESUME_ENDPOINT, [endpointId, reason]);
      if (!rowCount) return false;
      await client.query(START_RAMP, [endpointId]);
      const owner = await this.ownerOf(client, endpointId);
      await writeOutcomes(client, [this.outcomes.endpointResumed(owner, reason, by)]);
      return true;
    });
    this.copy.get(endpointId)?.delete(reason);
    return stood;
  }

  /** Ends what has an end. */
  async endPauses(): Promise<string[]> {
    const { rows } = await this.pool.query<{ endpoint_id: string }>(END_PAUSES);
    return rows.map((row) => row.endpoint_id);
  }

  async limit(integrationId: string, concurrency: number): Promise<void> {
    await this.pool.query(LIMIT_ENDPOINTS, [integrationId, concurrency]);
  }

  async standing(): Promise<StandingPause[]> {
    const { rows } = await this.pool.query<PauseRow>(ALL_PAUSES);
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

  private remember(endpointId: string, reason: PauseReason): void {
    const known = this.copy.get(endpointId);
    if (known) known.add(reason);
    else this.copy.set(endpointId, new Set([reason]));
  }

  private async ownerOf(client: { query: Pool['query'] }, endpointId: string): Promise<EndpointOwner> {
    const { rows } = await client.query<{ integration_id: string; operation_group: string; owner_key: string }>(
      ENDPOINT_OWNER,
      [endpointId],
    );
    const row = rows[0]!;
    const [source = '', company = ''] = row.owner_key.split('|');
    return { endpointId, integrationId: row.integration_id, group: row.operation_group, source, company };
  }
}

export interface EndpointOwner {
  endpointId: string;
  integrationId: string;
  group: string;
  source: string;
  company: string;
}
