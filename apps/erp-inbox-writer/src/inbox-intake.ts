import { Logger } from '@nestjs/common';
import type { Pool } from 'pg';
import type { IncomingMessage } from '#libs/broker';
import { faultPoint, maskWords, sqlStateOf } from '#libs/runtime';
import type { DeadLetters } from './dead-letters.js';
import { checkInbox } from './inbox-check.js';
import type { InboxMetrics } from './inbox-metrics.js';
import type { InboxTable } from './inbox-table.js';
import type { InboxTrouble } from './inbox-trouble.js';
import { readResult, type InboxRow, type ReadResult, type Wanted } from './read-result.js';

export interface InboxIntakeParts {
  erp: Pool;
  table: InboxTable;
  dead: DeadLetters;
  wanted: Wanted;
  metrics: InboxMetrics;
  trouble: InboxTrouble;
}

type Refused = Extract<ReadResult, { kind: 'refused' }>;
/** A result with the bytes it came in. */
type Held = { row: InboxRow; message: IncomingMessage };

/**
 * Brings what the queue holds into the ERP's table. It resolves when every message of the batch is a row, a dead letter
 * or nobody's here, all of it durable; it rejects, after a wait, for what may pass: the broker then hands the same
 * messages out again, to whoever takes the queue, in their order.
 */
export class InboxIntake {
  private readonly log = new Logger('Inbox');

  constructor(private readonly parts: InboxIntakeParts) {}

  async take(messages: readonly IncomingMessage[]): Promise<void> {
    const { metrics, trouble, wanted } = this.parts;
    const read = messages.map((message) => ({ message, result: readResult(message, wanted) }));
    const held = read.flatMap(({ message, result }) => (result.kind === 'row' ? [{ row: result.row, message }] : []));
    try {
      await this.write(held);
      for (const { message, result } of read) if (result.kind === 'refused') await this.bury(message, result);
    } catch (error) {
      metrics.tellLag(timesOf(held), 'oldest');
      await trouble.wait(error);
      throw error;
    }
    for (const { result } of read) if (result.kind === 'skipped') metrics.skipped.add({ why: result.why });
    trouble.over();
    metrics.tellLag(timesOf(held), 'newest');
    faultPoint('after-commit-before-ack');
  }

  /** One transaction for all of them; one by one, in the same order, only where the database refuses what one holds. */
  private async write(held: readonly Held[]): Promise<void> {
    if (held.length === 0) return;
    try {
      this.count(held, await this.parts.table.write(held.map(({ row }) => row)));
    } catch (error) {
      if (!isContentFailure(error)) throw error;
      await this.requireSoundTable();
      if (held.length > 1) for (const one of held) await this.write([one]);
      else await this.buryRow(held[0]!, error as Error);
    }
  }

  /** A table that takes no row at all refuses each of them: that is mended there, and no result is to blame. */
  private async requireSoundTable(): Promise<void> {
    const { refusals } = await checkInbox(this.parts.erp, this.parts.table.name);
    if (refusals.length > 0) throw new Error(`results cannot be written: ${refusals.join('; ')}`);
  }

  private async buryRow({ message, row }: Held, { message: words }: Error): Promise<void> {
    const { id, type, subject, company, payload } = row;
    const reason = `the ERP's database refuses it: ${maskWords(words, payload)}`;
    await this.bury(message, { kind: 'refused', why: 'database', reason, about: { id, type, subject, company } });
  }

  private async bury(message: IncomingMessage, { why, reason, about }: Refused): Promise<void> {
    await this.parts.dead.bury(message, reason);
    this.parts.metrics.refused.add({ why });
    this.log.warn({ event: 'inbox.refused', why, reason, ...about });
  }

  private count(held: readonly Held[], freshIds: readonly string[]): void {
    const { duplicates, written } = this.parts.metrics;
    const fresh = new Set(freshIds);
    for (const { row } of held) {
      if (fresh.delete(row.id)) written.add({ type: row.type });
      else duplicates.add();
    }
  }
}

/** The data itself, an integrity constraint, a limit of the program; P0001: a trigger of the ERP's says no. */
const CONTENT = /^(?:22|23|54|P0001)/;

function isContentFailure(error: unknown): boolean {
  return CONTENT.test(sqlStateOf(error) ?? '');
}

function timesOf(held: readonly Held[]): string[] {
  return held.map(({ row }) => row.occurredAt);
}
