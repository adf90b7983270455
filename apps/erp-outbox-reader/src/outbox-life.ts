import { Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import type { Pool } from 'pg';
import { ConnectionRefused, type BrokerConnection, type ConfirmPublisher } from '#libs/broker';
import { checkOutbox, type CommitEar, type OutboxTable, type Relay } from '#libs/outbox';
import { StartRefused, type Clock } from '#libs/runtime';
import type { BackfillParts } from './backfill/backfill-watch.js';
import type { BrokerWatch } from './broker-watch.js';
import type { SilenceWatch } from './silence/silence-watch.js';

export interface OutboxLifeParts {
  erp: Pool;
  table: OutboxTable;
  relay: Relay;
  ear?: CommitEar;
  connection: BrokerConnection;
  publisher: ConfirmPublisher;
  watch: BrokerWatch;
  backfill: Pick<BackfillParts, 'requests' | 'walker'>;
  silence: SilenceWatch;
  clock: Clock;
}

/** A broker that is slower than this is waited for after the start. */
const BROKER_WAIT_MS = 3_000;

/** What happens when the reader starts and stops, in order. */
export class OutboxLife implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger('OutboxLife');
  private readonly stopping = new AbortController();
  private watching: Promise<unknown> = Promise.resolve();

  constructor(private readonly parts: OutboxLifeParts) {}

  /** A table that cannot be relayed safely refuses the start, with every sentence to act on. */
  async onModuleInit(): Promise<void> {
    const { erp, table } = this.parts;
    const { refusals, warnings } = await checkOutbox(erp, table);
    for (const warning of warnings) this.log.warn({ event: 'reader.outbox-warning', warning });
    if (refusals.length > 0) throw new StartRefused(`the outbox cannot be read:\n- ${refusals.join('\n- ')}`);
  }

  /** A broker that is away, or a queue nobody has declared yet, does not hold up the start: the relay waits for them. */
  async onApplicationBootstrap(): Promise<void> {
    const { backfill, ear, relay, silence, watch } = this.parts;
    await this.openBroker();
    relay.start();
    ear?.start();
    backfill.walker.start();
    backfill.requests.start();
    const { signal } = this.stopping;
    this.watching = Promise.all([watch.run(signal), silence.run(signal)]);
  }

  /** Confirms under way are waited for and marked, and the lease is given up, while both databases are still there. */
  async beforeApplicationShutdown(): Promise<void> {
    const { backfill, connection, ear, publisher, relay } = this.parts;
    this.stopping.abort();
    await Promise.all([this.watching, ear?.stop(), backfill.requests.stop(), backfill.walker.stop()]);
    await relay.stop();
    await publisher.close();
    await connection.close();
  }

  /** @throws StartRefused when the broker is there and refuses us, or its exchange is not safe to publish to */
  private async openBroker(): Promise<void> {
    const { clock, connection, publisher, watch } = this.parts;
    const opened = connection.open().then(() => publisher.open());
    const wait = new AbortController();
    connection.once('away', () => wait.abort());
    try {
      await Promise.race([opened, clock.sleep(BROKER_WAIT_MS, wait.signal)]);
    } catch (error) {
      throw error instanceof ConnectionRefused ? new StartRefused(error.message) : error;
    } finally {
      wait.abort();
    }
    opened.catch((error: Error) => {
      if (!this.stopping.signal.aborted) this.log.error({ event: 'reader.broker-not-open', reason: error.message });
    });
    if (connection.state === 'away') return;
    const unsafe = await watch.look().catch(() => []);
    if (unsafe.length > 0) throw new StartRefused(`the broker is not safe to publish to:\n- ${unsafe.join('\n- ')}`);
  }
}
