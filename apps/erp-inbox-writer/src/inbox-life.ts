import {
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import type { Pool } from 'pg';
import type { BrokerConnection, ConfirmPublisher } from '#libs/broker';
import { StartRefused } from '#libs/runtime';
import { checkInbox } from './inbox-check.js';
import type { InboxTrouble } from './inbox-trouble.js';

export interface InboxLifeParts {
  erp: Pool;
  table: string;
  /** For publishing alone: the dead letters. */
  connection: BrokerConnection;
  publisher: ConfirmPublisher;
  trouble: InboxTrouble;
}

/** What happens when the writer starts and stops, in order; its consumer lives in between. */
export class InboxLife
  implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown
{
  private readonly log = new Logger('InboxLife');

  constructor(private readonly parts: InboxLifeParts) {}

  /** A table that is not as it must be, or rights that reach too far, refuse the start with every sentence to act on. */
  async onModuleInit(): Promise<void> {
    const { refusals, warnings } = await checkInbox(this.parts.erp, this.parts.table);
    for (const warning of warnings) this.log.warn({ event: 'inbox.rights-warning', warning });
    if (refusals.length > 0) throw new StartRefused(`the inbox cannot be written:\n- ${refusals.join('\n- ')}`);
  }

  /** A broker that is away is waited for by the consumer; dead letters need it no sooner. */
  onApplicationBootstrap(): void {
    this.parts.connection
      .open()
      .catch((error: Error) => this.log.error({ event: 'inbox.dead-letters-not-open', reason: error.message }));
  }

  /** So that the consumer, which is closed next, does not sit out its wait. */
  beforeApplicationShutdown(): void {
    this.parts.trouble.stop();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.parts.publisher.close();
    await this.parts.connection.close();
  }
}
