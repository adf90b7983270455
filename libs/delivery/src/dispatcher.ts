import type { Pool } from 'pg';
import type { Clock } from '#libs/runtime';
import { claimLanes, claimProbe, type ClaimWish, type DueEndpoint, type LaneClaim } from './claim.js';
import type { Courier } from './courier.js';
import { waitForProbe, type Endpoints } from './endpoints.js';
import { PAUSED_ENDPOINTS } from './endpoints.sql.js';
import { LaneRunner } from './lane-runner.js';
import { DUE_ENDPOINTS, RELEASED_ENDPOINTS } from './lanes.sql.js';
import type { Settler } from './settler.js';

export interface DispatcherOptions {
  pool: Pool;
  clock: Clock;
  courier: Courier;
  endpoints: Endpoints;
  settler: Settler;
  /** Lanes in hand in this process, at the most. */
  lanesMax?: number;
  /** Deliveries claimed of one lane at once. */
  perLane?: number;
  onTrouble: (error: Error) => void;
}

/** A lease is the deadline of one call and this; a dead holder's lane comes back after it. */
const LEASE_MARGIN_MS = 5_000;
const POLL_MIN_MS = 25;
const POLL_MAX_MS = 250;
const PAUSES_EVERY_MS = 250;
/** The scan for due endpoints may take this share of the time; a slow one is made less often, once a second at the least. */
const SCAN_SHARE = 0.1;
const SCAN_GAP_MAX_MS = 1_000;

/** Finds endpoints with something due, claims lanes of them, fairly between companies, and has each lane run. */
export class Dispatcher {
  private readonly runner: LaneRunner;
  private readonly running = new Set<Promise<void>>();
  private readonly servedAt = new Map<string, number>();
  private readonly stopping = new AbortController();
  private loops: Promise<void>[] = [];
  private woken = Promise.withResolvers<void>();
  private turn = 0;
  private nextScanAt = 0;

  constructor(private readonly options: DispatcherOptions) {
    this.runner = new LaneRunner({ ...options, stopped: () => this.stopped });
  }

  start(): void {
    this.loops = [this.dispatch(), this.followPauses()];
  }

  /** Claims nothing more, lets the calls in hand end, and hands back what was not sent. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.stir();
    await Promise.all(this.loops);
    await Promise.all(this.running);
    await this.options.settler.idle();
  }

  /** Something has just become due: look now. */
  stir(): void {
    this.nextScanAt = 0;
    this.woken.resolve();
    this.woken = Promise.withResolvers();
  }

  get lanesInHand(): number {
    return this.running.size;
  }

  private get stopped(): boolean {
    return this.stopping.signal.aborted;
  }

  private async dispatch(): Promise<void> {
    let pollMs = POLL_MIN_MS;
    while (!this.stopped) {
      const claimed = await this.claimSome().catch((error: Error) => this.trouble(error));
      pollMs = claimed > 0 ? POLL_MIN_MS : Math.min(pollMs * 2, POLL_MAX_MS);
      if (claimed === 0) await this.wokenWithin(pollMs);
    }
  }

  private async claimSome(): Promise<number> {
    const { lanesMax = 64 } = this.options;
    if (this.running.size >= lanesMax || this.options.clock.monotonicMs() < this.nextScanAt) return 0;
    const due = this.inTurn(await this.scan());
    let claimed = 0;
    for (const [at, endpoint] of due.entries()) {
      const room = lanesMax - this.running.size;
      if (room <= 0 || this.stopped) break;
      claimed += await this.claimOf(endpoint, Math.ceil(room / (due.length - at)));
    }
    return claimed;
  }

  private async claimOf(endpoint: ScannedEndpoint, room: number): Promise<number> {
    const { pool, perLane = 5, courier } = this.options;
    const leaseMs = (await courier.limitsOf(endpoint.integrationId)).deadlineMs + LEASE_MARGIN_MS;
    const wish: ClaimWish = { room, leaseMs, perLane, operations: courier.operations };
    const claims = endpoint.probe
      ? await claimProbe(pool, endpoint, wish, leaseMs + waitForProbe(0))
      : await claimLanes(pool, endpoint, wish);
    if (claims.length > 0) this.servedAt.set(endpoint.ownerKey, ++this.turn);
    for (const claim of claims) this.run(claim);
    return claims.length;
  }

  private run(claim: LaneClaim): void {
    const { endpoints } = this.options;
    endpoints.watch(claim.endpointId);
    const run = this.runner
      .run(claim)
      .catch((error: Error) => void this.trouble(error))
      .finally(() => {
        endpoints.unwatch(claim.endpointId);
        this.running.delete(run);
        this.stir();
      });
    this.running.add(run);
  }

  /** Endpoints with due lanes, those paused by their breaker only when it is time to probe. */
  private async scan(): Promise<ScannedEndpoint[]> {
    const { pool, clock } = this.options;
    const startedAt = clock.monotonicMs();
    const [ready, released, paused] = await Promise.all([
      pool.query<DueRow>(DUE_ENDPOINTS),
      pool.query<DueRow>(RELEASED_ENDPOINTS),
      pool.query<PausedRow>(PAUSED_ENDPOINTS),
    ]);
    const took = clock.monotonicMs() - startedAt;
    this.nextScanAt = clock.monotonicMs() + Math.min(took / SCAN_SHARE - took, SCAN_GAP_MAX_MS);
    const probeDue = new Map(paused.rows.map((row) => [row.endpoint_id, row.probe_due]));
    return gather([...ready.rows, ...released.rows], probeDue);
  }

  /** The company served longest ago goes first, so that a noisy one does not delay a quiet one. */
  private inTurn(due: ScannedEndpoint[]): ScannedEndpoint[] {
    const last = (endpoint: ScannedEndpoint) => this.servedAt.get(endpoint.ownerKey) ?? 0;
    return due.sort((one, other) => last(one) - last(other));
  }

  private async followPauses(): Promise<void> {
    const { clock, endpoints } = this.options;
    while (!this.stopped) {
      await clock.sleep(PAUSES_EVERY_MS, this.stopping.signal);
      await this.refreshPauses(endpoints).catch((error: Error) => this.trouble(error));
    }
  }

  private async refreshPauses(endpoints: Endpoints): Promise<void> {
    await endpoints.refresh();
    const ended = await endpoints.endPauses();
    for (const endpointId of ended) this.options.courier.resumed(endpointId);
    if (ended.length > 0) this.stir();
  }

  private trouble(error: Error): number {
    this.options.onTrouble(error);
    return 0;
  }

  private wokenWithin(ms: number): Promise<void> {
    return Promise.race([this.woken.promise, this.options.clock.sleep(ms, this.stopping.signal)]);
  }
}

interface DueRow {
  endpoint_id: string;
  integration_id: string;
  owner_key: string;
  priority: number;
}

interface PausedRow {
  endpoint_id: string;
  probe_due: boolean;
}

interface ScannedEndpoint extends DueEndpoint {
  probe: boolean;
}

function gather(rows: DueRow[], probeDue: ReadonlyMap<string, boolean>): ScannedEndpoint[] {
  const found = new Map<string, ScannedEndpoint>();
  for (const { endpoint_id: endpointId, integration_id: integrationId, owner_key: ownerKey, priority } of rows) {
    const probe = probeDue.get(endpointId);
    if (probe === false) continue;
    const endpoint = found.get(endpointId);
    if (endpoint) endpoint.priorities.push(priority);
    else found.set(endpointId, { endpointId, integrationId, ownerKey, priorities: [priority], probe: probe === true });
  }
  return [...found.values()];
}
