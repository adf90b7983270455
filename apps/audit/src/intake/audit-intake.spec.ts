import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DEAD_LETTERS } from '#libs/broker';
import { sampleOutcomeOf, writeEvent } from '#libs/contracts';
import { eventually } from '#libs/testing';
import { type AuditWorld, eventOf, openAuditWorld, outcomeOf } from '../../test/audit-under-test.js';
import type { EntryDetail, EntryView } from '../search/entry-view.js';
import { holdMessage } from './held-message.js';
import { readRecord } from './read-record.js';
import { Recorder } from './recorder.js';
import { EpochLost, Writers } from './writers.js';

let world: AuditWorld;
let audit: AuditWorld['audit'];
let publish: AuditWorld['publish'];
let admin: AuditWorld['admin'];

beforeAll(async () => {
  world = await openAuditWorld();
  ({ audit, publish, admin } = world);
});

afterAll(() => world?.close());

const recorded = (eventId: string): Promise<EntryView> =>
  eventually(async () => {
    const [entry] = await audit.entriesOf(eventId);
    if (!entry) throw new Error(`${eventId} is not recorded`);
    return entry;
  });

/** Published after everything else: once it is recorded, what came before it was dealt with. */
async function everythingBefore(): Promise<void> {
  const last = eventOf('erp.company.changed.v1');
  await publish.erp(last);
  await recorded(last.id);
}

describe('intake of the audit', () => {
  it('records every event and every outcome exactly once, however often it comes', async () => {
    const events = Array.from({ length: 700 }, () => eventOf('erp.receivable.opened.v1'));
    const outcomes = events.slice(0, 100).map((event) => outcomeOf('delivery.delivered.v1', event));
    await publish.erp(...events);
    await publish.ponte(...outcomes);
    await publish.erp(...events.slice(300));
    await publish.ponte(...outcomes);
    await everythingBefore();
    const { rows } = await admin.query('select event_id as id from audit.entry where event_id = any($1)', [
      [...events, ...outcomes].map(({ id }) => id),
    ]);
    expect(rows.map(({ id }) => id).sort()).toEqual([...events, ...outcomes].map(({ id }) => id).sort());
  });

  it('takes the same id with other data for another fact, and keeps both', async () => {
    const first = eventOf('erp.receivable.opened.v1');
    const second = structuredClone(first);
    second.data.disputed = true;
    const resent = { ...first, traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
    await publish.erp(first);
    await publish.erp(second);
    await publish.erp(resent);
    await everythingBefore();
    expect(await audit.entriesOf(first.id)).toHaveLength(2);
  });

  it('names the ERP whose company an outcome is about as its owner, and the event as its cause', async () => {
    const cause = eventOf('erp.receivable.opened.v1');
    const outcome = outcomeOf('event.unplanned.v1', cause);
    await publish.ponte(outcome);
    expect(await recorded(outcome.id)).toMatchObject({
      reading: 'outcome',
      source: '/ponte/customerx',
      owner: '/erp/demo',
      company: '1',
      causeId: cause.id,
    });
  });

  it('names the ERP an outcome without an event or an integration says it is about', async () => {
    const viewed = { ...sampleOutcomeOf('credit-analysis.viewed.v1'), id: randomUUID() };
    await publish.ponte(viewed);
    expect(await recorded(viewed.id)).toMatchObject({ owner: viewed.data.source });
    const balance = { ...sampleOutcomeOf('balance.carried.v1'), id: randomUUID() };
    await publish.ponte(balance);
    expect((await recorded(balance.id)).owner).toBe(balance.source);
  });

  it('keeps what has a type it does not know and what contradicts itself, saying what is wrong with it', async () => {
    const unknown = { ...eventOf('erp.company.changed.v1'), type: 'erp.company.merged.v1' };
    const invalid = eventOf('erp.receivable.opened.v1', ({ data }) => (data.openAmount = '9999999.00'));
    await publish.erp(unknown as never, invalid);
    expect(await recorded(unknown.id)).toMatchObject({ reading: 'unknown-type', type: 'erp.company.merged.v1' });
    const { id, reading } = await recorded(invalid.id);
    const { body } = await audit.get<EntryDetail>(`/entries/${id}`);
    expect(reading).toBe('invalid');
    expect(body.problems?.join()).toContain('/data/openAmount');
    expect(body.data).toBeUndefined();
  });

  it('keeps bytes nobody can read, once, encrypted, under a key that expires', async () => {
    const content = Buffer.from('{"customer": {"name": "Dona Aurora", "document": 52998224725');
    const message = { content, exchange: 'erp.events', routingKey: 'a', headers: {} };
    const { eventId } = readRecord(message);
    const send = () =>
      publish.publisher.publish({ ...message, properties: { messageId: undefined as unknown as string } });
    await send();
    await send();
    await everythingBefore();
    const { rows } = await admin.query(
      `select e.ciphertext, k.kind, k.expires_at - e.received_at > interval '29 days' as late
         from audit.entry e join audit.data_key k on k.id = e.key_id where e.event_id = $1`,
      [eventId],
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ kind: 'unreadable', late: true });
    expect(rows[0].ciphertext.includes('Aurora')).toBe(false);
    const { body } = await audit.get<EntryDetail>(`/entries/${(await recorded(eventId)).id}`);
    expect(body).toMatchObject({ reading: 'unreadable', bytes: content.length, routingKey: 'a' });
  });

  it('takes dead letters as what they were before they died', async () => {
    const outcome = outcomeOf('run.finished.v1', eventOf('erp.receivable.opened.v1'));
    const { content, properties } = writeEvent(outcome);
    const headers = { ...properties.headers, 'x-first-death-exchange': 'ponte.events' };
    await publish.publisher.publish({
      exchange: DEAD_LETTERS,
      routingKey: 'audit.dead',
      content,
      properties: { ...properties, headers },
    });
    expect(await recorded(outcome.id)).toMatchObject({ reading: 'outcome' });
  });

  it('keeps an entry the database refuses with less of it in clear, and holds up none of its neighbours', async () => {
    await admin.query(`
      create function audit.refuse() returns trigger language plpgsql as $$
        begin raise exception 'no such actor' using errcode = '22000'; end $$;
      create trigger refuse before insert on audit.entry for each row when (new.actor = 'ninguem') execute function audit.refuse()`);
    const refused = eventOf('erp.receivable.opened.v1', (event) => (event.actor = 'ninguem'));
    const neighbour = eventOf('erp.receivable.opened.v1');
    await publish.erp(neighbour, refused, eventOf('erp.receivable.opened.v1'));
    await everythingBefore();
    await admin.query('drop function audit.refuse cascade');
    expect(await audit.entriesOf(neighbour.id)).toMatchObject([{ reading: 'event' }]);
    const [entry] = await audit.entriesOf(refused.id);
    expect(entry).toMatchObject({ reading: 'invalid', company: '1', owner: '/erp/demo' });
    const shown = await audit.post<{ content: string }>(`/entries/${entry!.id}/reveal`, { reason: 'teste' });
    expect(JSON.parse(shown.body.content)).toMatchObject({ id: refused.id, actor: 'ninguem' });
  });

  it('records a batch once when its database connections are cut in the middle', async () => {
    const events = Array.from({ length: 2_000 }, () => eventOf('erp.receivable.opened.v1'));
    const sending = publish.erp(...events);
    for (let cut = 0; cut < 3; cut += 1) {
      const cutAppends = `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and query ilike '%insert into%' and pid <> pg_backend_pid()`;
      await eventually(async () => (await admin.query(cutAppends)).rowCount !== 0, { everyMs: 1 });
    }
    await sending;
    await eventually(
      async () => {
        const { rows } = await admin.query(
          'select count(*)::int, count(distinct event_id)::int as ids from audit.entry where event_id = any($1)',
          [events.map(({ id }) => id)],
        );
        expect(rows).toEqual([{ count: 2_000, ids: 2_000 }]);
      },
      { withinMs: 30_000 },
    );
  });

  it('refuses a batch of an owner whose queue another process has taken over', async () => {
    const recorder = audit.app.get(Recorder);
    const others = audit.app.get(Writers);
    const event = eventOf('erp.receivable.opened.v1');
    const { content, routingKey, properties } = writeEvent(event);
    const incoming = { content, routingKey, exchange: 'erp.events', redelivered: false, properties };
    const record = readRecord(holdMessage(incoming));
    const mine = await others.epochOf('test.events', 1);
    await others.epochOf('test.events', 2);
    await expect(recorder.recordBatch('test.events', mine, [record])).rejects.toThrow(EpochLost);
    expect(await audit.entriesOf(event.id)).toEqual([]);
  });
});
