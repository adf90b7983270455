import { randomUUID } from 'node:crypto';
import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import {
  BrokerConnection,
  ConfirmPublisher,
  PONTE_EVENTS,
  publisherTopology,
  type OutgoingMessage,
} from '#libs/broker';
import { outcomeType, writeEvent, type OutcomeData, type OutcomeSuffix } from '#libs/contracts';
import { Clock } from '#libs/runtime';
import { AuditEnvironment } from '../audit-environment.js';

const SOURCE = '/ponte/audit';

export interface Saying<S extends OutcomeSuffix> {
  company: string;
  subject: string;
  data: OutcomeData<S>;
  /** Where it must be the same when it is said again. */
  id?: string;
  time?: Date;
}

/** What the audit says itself, on a connection of its own. What it did not say is said in the next round. */
@Injectable()
export class BalancePublisher implements BeforeApplicationShutdown {
  private readonly connection: BrokerConnection;
  private readonly publisher: ConfirmPublisher;
  private opening?: Promise<void>;

  constructor(
    { AMQP_URL }: AuditEnvironment,
    private readonly clock: Clock,
  ) {
    this.connection = new BrokerConnection(AMQP_URL, 'audit publish');
    this.publisher = new ConfirmPublisher(this.connection, publisherTopology());
  }

  /** Does not wait for the broker. */
  start(): void {
    this.opening ??= this.connection.open().catch(() => undefined);
  }

  async say<S extends OutcomeSuffix & `balance.${string}`>(suffix: S, saying: Saying<S>): Promise<void> {
    const { id = randomUUID(), time = this.clock.now(), company, subject, data } = saying;
    const envelope = {
      specversion: '1.0' as const,
      id,
      source: SOURCE,
      type: outcomeType('audit', suffix),
      subject,
      time: time.toISOString(),
      company,
      data,
    };
    await this.send({ exchange: PONTE_EVENTS, ...writeEvent(envelope) });
  }

  /** @throws Error where the broker did not take it, or nobody was there to */
  async send(message: OutgoingMessage): Promise<void> {
    const answer = await this.publisher.publish(message);
    if (answer !== 'confirmed') throw new Error(`the broker did not take ${message.routingKey}: ${answer}`);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.publisher.close();
    await this.connection.close();
  }
}
