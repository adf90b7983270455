import { Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import {
  assertTopology,
  publisherTopology,
  type BrokerConnection,
  type BrokerManagement,
  type ConfirmPublisher,
  ERP_EVENTS,
} from '#libs/broker';
import type { Pool } from 'pg';
import { checkOutbox, type OutboxTable, type Relay } from '#libs/outbox';
import { StartRefused, type Clock, type HealthIndicators, type Metrics } from '#libs/runtime';

export interface OutboxLifeParts {
  erp: Pool;
  table: OutboxTable;
  relay: Relay;
  connection: BrokerConnection;
  publisher: ConfirmPublisher;
  management: BrokerManagement;
  requiredQueues: readonly string[];
  clock: Clock;
  health: HealthIndicators;
  metrics: Metrics;
}

const LOOK_AGAIN_MS = 1_000;

/** What happens when the reader starts and stops, in order. */
export class OutboxLife implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger('OutboxLife');
  private readonly stopping = new AbortController();
  private starting: Promise<void> = Promise.resolve();
  private waitsFor?: string;

  constructor(private readonly parts: OutboxLifeParts) {}

  /** A table that cannot be relayed safely refuses the start, with every sentence to act on. */
  async onModuleInit(): Promise<void> {
    const { erp, table } = this.parts;
    const { refusals, warnings } = await checkOutbox(erp, table);
    for (const warning of warnings) this.log.warn({ event: 'reader.outbox-warning', warning });
    if (refusals.length > 0) throw new StartRefused(`the outbox cannot be read:\n- ${refusals.join('\n- ')}`);
  }

  /** Does not hold up the start: a broker that is away, or a queue nobody has declared yet, is waited for. */
  onApplicationBootstrap(): void {
    this.watch();
    this.starting = this.open().catch((error: Error) =>
      this.log.error({ event: 'reader.not-started', reason: error.message }),
    );
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.parts.relay.stop();
    await this.parts.connection.close();
    await this.starting;
  }

  private async open(): Promise<void> {
    const { connection, publisher, relay } = this.parts;
    await connection.open();
    const channel = await connection.createChannel();
    await assertTopology(channel, publisherTopology());
    await channel.close();
    await this.queuesBound();
    await publisher.open();
    if (!this.stopping.signal.aborted) relay.start();
  }

  /** An event published before a connector's queue is bound would pass it by. */
  private async queuesBound(): Promise<void> {
    const { requiredQueues, clock } = this.parts;
    for (const queue of requiredQueues) {
      while (!this.stopping.signal.aborted && !(await this.isBound(queue))) {
        if (this.waitsFor !== queue) this.log.log({ event: 'reader.waits-for-queue', queue });
        this.waitsFor = queue;
        await clock.sleep(LOOK_AGAIN_MS, this.stopping.signal);
      }
    }
    this.waitsFor = undefined;
  }

  private async isBound(queue: string): Promise<boolean> {
    const bindings = await this.parts.management.bindingsOfQueue(queue).catch(() => undefined);
    return bindings?.some(({ source }) => source === ERP_EVENTS) ?? false;
  }

  private watch(): void {
    const { relay, health, metrics } = this.parts;
    health.registerReadiness('outbox', () => {
      const { leading, paused } = relay.report();
      return { leading, paused, ...(this.waitsFor && { waitsFor: this.waitsFor }) };
    });
    const backlog = metrics.gauge('ponte_relay_backlog_rows', 'Rows not yet published, counted up to 100,000');
    const oldest = metrics.gauge('ponte_relay_oldest_age_seconds', 'Age of the oldest row not yet published');
    const parked = metrics.gauge('ponte_relay_parked_rows', 'Rows parked, and rows behind them');
    const published = metrics.gauge('ponte_relay_published_rows', 'Rows published since the process started');
    const leading = metrics.gauge('ponte_relay_leading', '1 in the process that leads');
    const paused = metrics.gauge('ponte_relay_paused', '1 while nothing may be published');
    metrics.onScrape('relay', async () => {
      const report = relay.report();
      published.set(report.published);
      leading.set(report.leading ? 1 : 0);
      paused.set(Object.keys(report.paused).length > 0 ? 1 : 0);
      const waiting = await relay.backlog();
      backlog.set(waiting.waiting);
      parked.set(waiting.parked);
      oldest.set(waiting.oldestAgeSeconds);
    });
  }
}
