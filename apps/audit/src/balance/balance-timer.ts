import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import type { Pool } from 'pg';
import { Clock, type Metrics } from '#libs/runtime';
import { BalanceAsks } from './balance-asks.js';
import { BalancePublisher } from './balance-publisher.js';
import { BalanceRounds } from './balance-rounds.js';
import { SELECT_AGE } from './balance.sql.js';

const STEP_MS = 1_000;

/** Knocks in every replica; the database decides who tells, and who answers. */
@Injectable()
export class BalanceTimer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Balance');
  private readonly stopping = new AbortController();
  private running: Promise<void>[] = [];

  constructor(
    private readonly rounds: BalanceRounds,
    private readonly asks: BalanceAsks,
    private readonly publisher: BalancePublisher,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    this.publisher.start();
    this.running = [
      this.repeat('telling the balance', () => this.rounds.step()),
      this.repeat('answering the balance', async () => {
        while (!this.stopping.signal.aborted && (await this.asks.answerNext()));
      }),
    ];
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.running);
  }

  private async repeat(what: string, work: () => Promise<void>): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await work().catch((error: Error) => this.logger.warn(`${what} failed: ${error.message}`));
      await this.clock.sleep(STEP_MS, signal);
    }
  }
}

/** How long ago the last balance was told, at each scrape. */
export function watchBalance(metrics: Metrics, pool: Pool): void {
  const age = metrics.gauge('ponte_balance_age_seconds', 'Since the hub’s last balance');
  metrics.onScrape('balance', async () => {
    age.set((await pool.query<{ ageSeconds: number }>(SELECT_AGE)).rows[0]!.ageSeconds);
  });
}
