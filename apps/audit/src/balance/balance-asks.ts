import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import { ERP_EVENTS } from '#libs/broker';
import {
  FIRST_ID,
  isUuid,
  LAST_ID,
  LISTED_IDS_MAX,
  readOutcomeEvent,
  type BalancedHour,
  type BalanceDiffered,
  type BalanceReEmitRequested,
  type NotReEmitted,
} from '#libs/contracts';
import type { AuditRecord } from '../intake/audit-record.js';
import type { HeldMessage } from '../intake/held-message.js';
import { Entries } from '../search/entries.js';
import { BalancePublisher } from './balance-publisher.js';
import * as sql from './balance.sql.js';

/** As a connector asked it. */
type Ask = { id: string; connector: string; company: string } & (
  { kind: 'list'; data: BalanceDiffered } | { kind: 're-emit'; data: BalanceReEmitRequested }
);

/** A recorded event, with its key as far as that is still there. */
type Recorded = { eventId: string; type: string } & Parameters<Entries['open']>[0];

const QUESTION = /^([a-z][a-z0-9-]*)\.balance\.(differed|re-emit-requested)\.v1$/;
/** An answer that takes longer is given by another replica as well. */
const TAKEN_FOR_S = 60;
const IDS_READ_AT_ONCE = 20_000;

/** Says in whose name an event was published first: the broker knows the audit's alone. */
export const PUBLISHED_BY = 'ponte-published-by';

/** Answers connectors: which ids were carried, and, when a person asks for it, the events themselves once more. */
@Injectable()
export class BalanceAsks {
  constructor(
    private readonly pool: Pool,
    private readonly entries: Entries,
    private readonly publisher: BalancePublisher,
  ) {}

  /** Of a batch that is recorded and not acknowledged yet: handed out again, it asks nothing twice. */
  async note(records: readonly AuditRecord[]): Promise<void> {
    for (const { reading, type, source, eventId, company, message } of records) {
      const [, connector, what] = QUESTION.exec(type) ?? [];
      if (reading !== 'outcome' || !connector || !source.startsWith('/ponte/')) continue;
      const read = readOutcomeEvent(message.content, message);
      if (read.kind !== 'outcome') continue;
      const kind = what === 'differed' ? 'list' : 're-emit';
      await this.pool.query(sql.NOTE_ASK, [eventId, kind, connector, company, JSON.stringify(read.event.data)]);
    }
  }

  /** One question. @returns whether there was one */
  async answerNext(): Promise<boolean> {
    const ask = (await this.pool.query<Ask>(sql.TAKE_ASK, [TAKEN_FOR_S])).rows[0];
    if (!ask) return false;
    if (ask.kind === 'list') for (const hour of ask.data.hours) await this.list(ask, ask.data.source, hour);
    else await this.emitAgain(ask, ask.data);
    await this.pool.query(sql.END_ASK, [ask.id]);
    return true;
  }

  private async list({ company, connector }: Ask, source: string, { type, hour }: BalancedHour): Promise<void> {
    const where = [source, company, type, hour];
    await this.pool.query(sql.NOTE_DIFFERED, [...where, connector]);
    for (let after = FIRST_ID, last = false; !last;) {
      const { rows } = await this.pool.query<{ id: string }>(sql.LIST_IDS, [...where, after, IDS_READ_AT_ONCE]);
      const isEnd = rows.length < IDS_READ_AT_ONCE;
      for (let from = 0; !last && (from === 0 || from < rows.length); from += LISTED_IDS_MAX) {
        const ids = rows.slice(from, from + LISTED_IDS_MAX).map(({ id }) => id);
        last = isEnd && from + LISTED_IDS_MAX >= rows.length;
        const upTo = last ? LAST_ID : ids.at(-1)!;
        const data = { source, type, hour, after, upTo, ids, last };
        await this.publisher.say('balance.listed.v1', { company, subject: `balance/${connector}`, data });
        after = upTo;
      }
    }
  }

  /** As they came, byte for byte, in the order they came. */
  private async emitAgain({ company, connector }: Ask, data: BalanceReEmitRequested): Promise<void> {
    const { differenceId, source, actor } = data;
    const ids = data.ids.filter(isUuid);
    const { rows } = await this.pool.query<Recorded>(sql.EVENTS_TO_EMIT, [source, company, ids]);
    const found = new Set(rows.map(({ eventId }) => eventId));
    const refused: NotReEmitted[] = ids.filter((id) => !found.has(id)).map((id) => ({ id, reason: 'not-held' }));
    for (const row of rows) {
      const message = this.entries.open(row);
      if (message) await this.publisher.send(toMessage(row, message));
      else refused.push({ id: row.eventId, reason: 'erased' });
    }
    const emitted = ids.length - refused.length;
    const said = { differenceId, connector, source, emitted, refused, actor };
    await this.publisher.say('balance.re-emitted.v1', { company, subject: `balance/${connector}`, data: said });
  }
}

function toMessage({ eventId, type: routingKey }: Recorded, message: HeldMessage) {
  const { content, contentType, messageId = eventId, type, userId } = message;
  const own = Object.entries(message.headers).filter(([name]) => !name.startsWith('x-') && name !== PUBLISHED_BY);
  const headers = { ...Object.fromEntries(own), ...(userId !== undefined && { [PUBLISHED_BY]: userId }) };
  return { exchange: ERP_EVENTS, routingKey, content, properties: { messageId, type, contentType, headers } };
}
