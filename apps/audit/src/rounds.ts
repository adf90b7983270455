import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Pool } from 'pg';
import { Clock, inTransaction, Metrics } from '#libs/runtime';
import { AuditEnvironment } from './audit-environment.js';
import { DataKeys } from './keys/data-keys.js';
import { DELETE_EXPIRED_KEYS } from './keys/keys.sql.js';
import { Sealer, type Head } from './seals/sealer.js';
import { SELECT_HEADS_SINCE, SELECT_OLDEST_UNSEALED } from './seals/seals.sql.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** What is done again and again. A round that fails is told, and done anew when its time comes again. */
@Injectable()
export class Rounds implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Rounds');
  private readonly stopping = new AbortController();
  private running: Promise<void>[] = [];
  private headsToldAt: Date;

  constructor(
    private readonly pool: Pool,
    private readonly sealer: Sealer,
    private readonly dataKeys: DataKeys,
    private readonly clock: Clock,
    private readonly environment: AuditEnvironment,
  ) {
    this.headsToldAt = clock.now();
  }

  onApplicationBootstrap(): void {
    this.running = [
      this.repeat('sealing', this.environment.SEAL_EVERY_MS, async () => void (await this.sealer.sealAll())),
      this.repeat('publishing the heads', HOUR_MS, () => this.tellHeads()),
      this.repeat('dropping expired keys', HOUR_MS, () => this.dropExpiredKeys()),
      this.repeat('rewrapping keys', MINUTE_MS, () => this.rewrapKeys()),
    ];
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.running);
  }

  /** A copy of the log is a copy of the chain's ends: a chain rewritten later does not fit them. */
  async tellHeads(): Promise<void> {
    const now = this.clock.now();
    const { rows } = await this.pool.query<Head>(SELECT_HEADS_SINCE, [this.headsToldAt]);
    for (const { owner, company, number, hash } of rows) {
      this.logger.log({ owner, company, number, hash: hash.toString('hex') }, 'seal head');
    }
    this.headsToldAt = now;
  }

  /** Whatever was recorded under an expired key stays in the chain and can no longer be read. */
  async dropExpiredKeys(): Promise<void> {
    await this.pool.query(DELETE_EXPIRED_KEYS, [this.clock.now()]);
  }

  async rewrapKeys(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      if ((await inTransaction(this.pool, (client) => this.dataKeys.rewrap(client))) === 0) return;
    }
  }

  private async repeat(name: string, everyMs: number, round: () => Promise<void>): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await round().catch((error: Error) => this.logger.warn(`${name} failed: ${error.message}`));
      await this.clock.sleep(everyMs, signal);
    }
  }
}

/** How old the oldest entry outside the chain is, at each scrape. */
export function watchSealLag(metrics: Metrics, pool: Pool, clock: Clock): void {
  const lag = metrics.gauge('ponte_audit_sealed_lag_seconds', 'Age of the oldest entry that no seal covers yet');
  metrics.onScrape('sealed-lag', async () => {
    const { rows } = await pool.query<{ receivedAt: Date }>(SELECT_OLDEST_UNSEALED);
    lag.set(rows[0] ? (clock.now().getTime() - rows[0].receivedAt.getTime()) / 1000 : 0);
  });
}
