import { Controller, Logger } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import { TopicContext, type IncomingMessage } from '#libs/broker';
import { Clock, Metrics, type Counter, type Gauge } from '#libs/runtime';
import { BalanceAsks } from '../balance/balance-asks.js';
import type { AuditRecord } from './audit-record.js';
import { isContentFailure } from './content-failure.js';
import { holdMessage } from './held-message.js';
import { bareRecord, readRecord, unreadableRecord } from './read-record.js';
import { Recorder } from './recorder.js';
import { Writers } from './writers.js';

/** A batch of large messages goes in several transactions: what is encrypted at once stays within memory. */
const MOST_BYTES_AT_ONCE = 8 * 1024 * 1024;

/**
 * Records everything the queues bring, exactly once and whatever it is. It resolves when the batch is in the database,
 * and rejects only for what may pass (connection, timeout, another owner): the broker then hands the batch out again.
 */
@Controller()
export class AuditIntake {
  private readonly logger = new Logger(AuditIntake.name);
  private readonly recorded: Counter;
  private readonly lag: Gauge;

  constructor(
    private readonly recorder: Recorder,
    private readonly writers: Writers,
    private readonly asks: BalanceAsks,
    private readonly clock: Clock,
    metrics: Metrics,
  ) {
    this.recorded = metrics.counter('ponte_audit_entries_total', 'Entries recorded, by how far they could be read', [
      'reading',
    ]);
    this.lag = metrics.gauge(
      'ponte_audit_intake_lag_seconds',
      'From the time of an event to its entry: the newest event of the last batch',
    );
  }

  @EventPattern<string>('audit.events')
  takeEvents(@Payload() messages: IncomingMessage[], @Ctx() context: TopicContext): Promise<void> {
    return this.take(messages, context);
  }

  @EventPattern<string>('audit.dead')
  takeDeadLetters(@Payload() messages: IncomingMessage[], @Ctx() context: TopicContext): Promise<void> {
    return this.take(messages, context);
  }

  private async take(messages: IncomingMessage[], { queue, life }: TopicContext): Promise<void> {
    const epoch = await this.writers.epochOf(queue, life);
    const records = messages.map((message) => readRecord(holdMessage(message)));
    for (const part of inParts(records)) await this.record(part, queue, epoch);
    await this.asks.note(records);
    this.tellLag(records);
  }

  private async record(records: AuditRecord[], queue: string, epoch: string): Promise<void> {
    try {
      for (const { reading } of await this.recorder.recordBatch(queue, epoch, records)) this.recorded.add({ reading });
    } catch (error) {
      if (!isContentFailure(error)) throw error;
      if (records.length > 1) for (const record of records) await this.record([record], queue, epoch);
      else await this.recordReduced(records[0]!, queue, epoch);
    }
  }

  /** The database refuses it as it was read: less of it stands in clear, all of it in the bytes. */
  private async recordReduced(record: AuditRecord, queue: string, epoch: string): Promise<void> {
    if (record.reading === 'unreadable') throw new Error('an entry was refused by the database even as mere bytes');
    const bare = record.words.length === 0;
    this.logger.warn({ eventId: record.eventId, type: record.type }, 'the database refused an entry as it was read');
    await this.record([bare ? unreadableRecord(record.message) : bareRecord(record)], queue, epoch);
  }

  private tellLag(records: AuditRecord[]): void {
    const newest = Math.max(...records.map(({ time }) => time?.getTime() ?? -Infinity));
    if (newest > -Infinity) this.lag.set(Math.max(0, this.clock.now().getTime() - newest) / 1000);
  }
}

function inParts(records: AuditRecord[]): AuditRecord[][] {
  const parts: AuditRecord[][] = [];
  let bytes = Infinity;
  for (const record of records) {
    const size = record.message.content.length;
    if (bytes + size > MOST_BYTES_AT_ONCE) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)!.push(record);
    bytes += size;
  }
  return parts;
}
