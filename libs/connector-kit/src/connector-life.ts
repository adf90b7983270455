import { Injectable, Logger, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { EVENT_TYPES } from '#libs/contracts';
import { DeliveryEngine } from '#libs/delivery';
import { PartnerEndpoints } from '#libs/partner';
import { IntegrationDesk } from './integration-desk.js';
import { OutcomeRelay } from './outcome-relay.js';
import { SettingsBook } from './settings-book.js';

const BOOK_EVERY_MS = 30_000;

/** What happens when a connector starts and stops, in order. */
@Injectable()
export class ConnectorLife implements OnModuleInit, BeforeApplicationShutdown {
  private readonly log = new Logger('Connector');
  private rereading?: NodeJS.Timeout;

  constructor(
    private readonly engine: DeliveryEngine,
    private readonly book: SettingsBook,
    private readonly desk: IntegrationDesk,
    private readonly relay: OutcomeRelay,
    private readonly partners: PartnerEndpoints,
  ) {}

  /** Before the first message: partitions, settings, and what a former version could not read. */
  async onModuleInit(): Promise<void> {
    await this.engine.prepare();
    await this.book.open();
    await this.desk.followAll('ponte');
    await this.desk.resumeReady();
    await this.planKnownAtLast();
    this.relay.start();
    this.engine.start();
    void this.reseal();
    this.rereading = setInterval(() => void this.reread(), BOOK_EVERY_MS);
    this.rereading.unref();
  }

  /** Calls in hand end and are settled while the database is still there; intake stops after, with its batch. */
  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.rereading);
    await this.engine.stop();
    await this.relay.stop();
    await this.partners.close();
  }

  /** One that cannot be opened stays parked, with those behind it; the connector starts all the same. */
  private async planKnownAtLast(): Promise<void> {
    try {
      const planned = await this.engine.parkedEvents.planKnownAtLast(EVENT_TYPES);
      if (planned > 0) this.log.log({ event: 'parked-events.known-at-last', planned });
    } catch (error) {
      this.log.error({ event: 'parked-events.not-planned', reason: (error as Error).message });
    }
  }

  /** With the newest key, beside the live work: the one before may be taken from the ring once this says so. */
  private async reseal(): Promise<void> {
    try {
      const { reencrypted, unreadable } = await this.desk.reseal();
      if (reencrypted > 0) this.log.log({ event: 'settings.resealed', secrets: reencrypted });
      for (const { integration, reason } of unreadable)
        this.log.error({ event: 'settings.unreadable', integration, reason });
    } catch (error) {
      this.log.warn({ event: 'settings.not-resealed', reason: (error as Error).message });
    }
  }

  private async reread(): Promise<void> {
    try {
      await this.book.open();
      await this.desk.resumeReady();
    } catch (error) {
      this.log.warn({ event: 'settings.not-read', reason: (error as Error).message });
    }
  }
}
