import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { GIVE_UP_LEASE, RENEW_LEASE, TAKE_LEASE } from './lease.sql.js';

export interface LeaseOptions {
  pool: Pool;
  /** What is led, e.g. `relay erp_outbox`. */
  name: string;
  ttlMs?: number;
  /** Monotonic milliseconds; injected by tests. */
  monotonicMs?: () => number;
}

/**
 * Leadership on database time, believed on our own monotonic clock, counted from *before* the renewal was sent:
 * a stopped process that wakes finds its lease over without asking anybody.
 */
export class Lease {
  private readonly holder = randomUUID();
  private readonly ttlMs: number;
  private readonly monotonicMs: () => number;
  private validUntil = -Infinity;
  private currentEpoch?: string;

  constructor(private readonly options: LeaseOptions) {
    this.ttlMs = options.ttlMs ?? 10_000;
    this.monotonicMs = options.monotonicMs ?? (() => performance.now());
  }

  /** The moment to renew, or, as a standby, to try again: a third of the time to live. */
  get renewEveryMs(): number {
    return this.ttlMs / 3;
  }

  holds(): boolean {
    return this.monotonicMs() < this.validUntil;
  }

  /** Rises by one with each new leader; undefined for a standby. */
  get epoch(): string | undefined {
    return this.holds() ? this.currentEpoch : undefined;
  }

  /** Renews what is held, or takes what is free. @returns whether we lead now */
  async refresh(): Promise<boolean> {
    const askedAt = this.monotonicMs();
    if (this.currentEpoch && (await this.renew(askedAt))) return true;
    const { name, pool } = this.options;
    const taken = await pool.query<{ epoch: string }>(TAKE_LEASE, [name, this.holder, this.ttlMs]);
    return this.believe(taken.rows[0]?.epoch, askedAt);
  }

  /** So that a standby need not wait for the end of the time to live. */
  async giveUp(): Promise<void> {
    const epoch = this.currentEpoch;
    this.believe(undefined, 0);
    if (epoch) await this.options.pool.query(GIVE_UP_LEASE, [this.options.name, this.holder, epoch]);
  }

  private async renew(askedAt: number): Promise<boolean> {
    const { name, pool } = this.options;
    const { rowCount } = await pool.query(RENEW_LEASE, [name, this.holder, this.currentEpoch, this.ttlMs]);
    return this.believe(rowCount ? this.currentEpoch : undefined, askedAt);
  }

  private believe(epoch: string | undefined, askedAt: number): boolean {
    this.currentEpoch = epoch;
    this.validUntil = epoch ? askedAt + this.ttlMs : -Infinity;
    return epoch !== undefined && this.holds();
  }
}
