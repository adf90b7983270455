import type { Pool } from 'pg';
import type { Clock } from '#libs/runtime';
import { toBatches } from './batch-runner.js';
import { Bell } from './bell.js';
import { LaneClaimer, type ClaimWish, type LaneClaim } from './claim.js';
import type { Courier } from './courier.js';
import { DueEndpoints, type CallableEndpoint } from './due-endpoints.js';
import type { Endpoints } from './endpoints.js';
import { LaneRunner } from './lane-runner.js';
import type { OutcomeWriter } from './outcome-events.js';
import { FIRST_PROBE_MS } from './pause.js';
import type { Settler } from './settler.js';

export interface DispatcherOptions {
  pool: Pool;
  replica: string;
  outcomes: OutcomeWriter;
  clock: Clock;
  courier: Courier;
  endpoints: Endpoints;
  settler: Settler;
  /** Lanes in hand in this process, at the most. */
  lanesMax?: number;
  /** Deliveries claimed of one lane at once. */
  perLane?: number;
  /** A lease is the deadline of one call and this; a dead holder's lane comes back after it. */
  leaseMarginMs?: number;
  onTrouble: (error: Error) => void;
}

const LANES_MAX = 64;
const PER_LANE = 5;
const LEASE_MARGIN_MS = 5_000;
const POLL_MIN_MS = 25;
const POLL_MAX_MS = 250;
const PAUSES_EVERY_MS = 250;
/** A claim costs much the same for one lane as for a hundred: with little room it waits this long for more. */
const SMALL_CLAIM_GAP_MS = 20;

/** Finds endpoints with something due, claims lanes of them, fairly between companies, and has each lane run. */
export class Dispatcher {
  private readonly runner: LaneRunner;
  private readonly claimer: LaneClaimer;
  private readonly due: DueEndpoints;
  private readonly bell: Bell;
  private readonly running = new Set<Promise<void>>();
  private readonly stopping = new AbortController();
  private loops: Promise<void>[] = [];
  private lastClaimAt = -Infinity;

  constructor(private readonly options: DispatcherOptions) {
    const { pool, clock } = options;
    this.runner = new LaneRunner({ ...options, stopped: () => this.stopped });
    this.claimer = new LaneClaimer(pool, clock);
    this.due = new DueEndpoints(pool, clock);
    this.bell = new Bell(clock);
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
    this.due.expire();
    this.bell.ring();
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
      const waitMs = this.waitForRoom();
      if (waitMs > 0) {
        await this.bell.wait(waitMs);
        continue;
      }
      const claimed = await this.claimSome().catch((error: Error) => this.trouble(error));
      pollMs = claimed > 0 ? POLL_MIN_MS : Math.min(pollMs * 2, POLL_MAX_MS);
      if (claimed === 0) await this.bell.wait(pollMs);
    }
  }

  /** @returns how long to wait, at the most, for lanes in hand to end; 0 when there is room enough to claim now */
  private waitForRoom(): number {
    const room = this.room;
    if (room === 0) return POLL_MAX_MS;
    const { lanesMax = LANES_MAX, clock } = this.options;
    if (room * 2 >= lanesMax) return 0;
    return Math.max(this.lastClaimAt + SMALL_CLAIM_GAP_MS - clock.monotonicMs(), 0);
  }

  private get room(): number {
    return Math.max((this.options.lanesMax ?? LANES_MAX) - this.running.size, 0);
  }

  private async claimSome(): Promise<number> {
    await this.due.refresh();
    let claimed = 0;
    for (let turns = this.due.oneOfEachCompany(); turns.length > 0; turns = this.due.oneOfEachCompany()) {
      for (const [at, endpoint] of turns.entries()) {
        if (this.room === 0 || this.stopped) return claimed;
        claimed += await this.claimShare(endpoint, Math.ceil(this.room / (turns.length - at)));
      }
    }
    return claimed;
  }

  private async claimShare(endpoint: CallableEndpoint, share: number): Promise<number> {
    const claims = await this.claimOf(endpoint, share).catch((error: Error) => this.trouble(error, []));
    if (claims.length < share) this.due.exhausted(endpoint);
    if (claims.length > 0) this.lastClaimAt = this.options.clock.monotonicMs();
    return claims.length;
  }

  private async claimOf(endpoint: CallableEndpoint, room: number): Promise<LaneClaim[]> {
    const { perLane = PER_LANE, leaseMarginMs = LEASE_MARGIN_MS, courier, endpoints, clock } = this.options;
    const limits = await courier.limitsOf(endpoint.integrationId);
    const leaseMs = limits.deadlineMs + leaseMarginMs;
    const { operations, paid, batches } = courier;
    const sizeOf = batches && ((group: string) => batches.sizeOf(group));
    const wish: ClaimWish = { room, limits, leaseMs, perLane, operations, paid: paid?.operations, sizeOf };
    const lookedAt = clock.monotonicMs();
    const claims = endpoint.probe
      ? await this.claimProbe(endpoint, wish, leaseMs + FIRST_PROBE_MS)
      : await this.claimer.claim(endpoint, wish);
    if (claims.length === 0) return [];
    this.due.served(endpoint);
    // Its row says it is free: whoever believed it broken starts afresh.
    if (!endpoint.probe && endpoints.copy.takeStopped(endpoint.endpointId)) courier.resumed(endpoint.endpointId);
    this.runAll(claims, endpoint, lookedAt);
    return claims;
  }

  private async claimProbe(endpoint: CallableEndpoint, wish: ClaimWish, nextProbeMs: number): Promise<LaneClaim[]> {
    const { probe, group, claims } = await this.claimer.claimProbe(endpoint, wish, nextProbeMs);
    const { paid } = this.options.courier;
    if (probe !== undefined && claims.length === 0 && paid)
      this.keepRunning(this.runner.probeByTest({ ...endpoint, group: group! }, probe), endpoint);
    return claims;
  }

  private runAll(claims: readonly LaneClaim[], endpoint: CallableEndpoint, lookedAt: number): void {
    const { alone, together } = toBatches(claims);
    for (const claim of alone) this.run(() => this.runner.run(claim), endpoint, lookedAt);
    for (const batch of together) this.run(() => this.runner.runTogether(batch), endpoint, lookedAt);
  }

  private run(work: () => Promise<void>, endpoint: CallableEndpoint, lookedAt: number): void {
    const { copy } = this.options.endpoints;
    copy.watch(endpoint.endpointId, lookedAt);
    this.keepRunning(
      work().finally(() => copy.unwatch(endpoint.endpointId)),
      endpoint,
    );
  }

  private keepRunning(work: Promise<void>, endpoint: CallableEndpoint): void {
    const run = work
      .catch((error: Error) => void this.trouble(error))
      .finally(() => {
        this.running.delete(run);
        this.due.mayHaveMore(endpoint);
        this.bell.ring();
      });
    this.running.add(run);
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
    if (ended.length > 0) this.stir();
  }

  private trouble(error: Error): number;
  private trouble<T>(error: Error, instead: T): T;
  private trouble(error: Error, instead: unknown = 0): unknown {
    this.options.onTrouble(error);
    return instead;
  }
}
