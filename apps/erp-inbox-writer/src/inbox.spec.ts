import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { PONTE_EVENTS } from '#libs/broker';
import { writeEvent } from '#libs/contracts';
import type { RunningApp } from '#libs/runtime';
import { eventually } from '#libs/testing';
import { about, DEAD, InboxWorld, QUEUE, resultOf, SOURCE, type WrittenRow } from '../test/inbox-world.js';

let world: InboxWorld;
let writer: RunningApp;

beforeAll(async () => {
  world = await InboxWorld.open();
  writer = await world.start();
});
afterEach(() => world.clear());
afterAll(async () => {
  await writer?.close();
  await world?.close();
});

const PATIENTLY = { withinMs: 60_000 };

/** Published after everything else: once it is written, what came before it was dealt with. */
async function everythingBefore(): Promise<WrittenRow[]> {
  const last = resultOf('delivery.delivered.v1');
  await world.publish(last);
  return eventually(async () => {
    const rows = await world.rows();
    expect(rows.map(({ id }) => id)).toContain(last.id);
    return rows.filter(({ id }) => id !== last.id);
  }, PATIENTLY);
}

/** Summed over its labels, or over those that hold `label`. */
async function metric(name: string, label = ''): Promise<number> {
  const text = await (await fetch(`${writer.opsUrl}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line.startsWith(name) && line.includes(label));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

async function readiness(): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${writer.opsUrl}/health/ready`);
  return { status: answer.status, text: await answer.text() };
}

it('writes a result as the ERP can use it: what, about whom, when, by whom', async () => {
  const result = resultOf('delivery.skipped.v1');
  await world.publish(result);
  const [row] = await everythingBefore();
  expect(row).toMatchObject({
    id: result.id,
    source: SOURCE,
    type: 'customerx.delivery.skipped.v1',
    subject: 'delivery/90210',
    company: '1',
    branch: '3',
    occurred_at: new Date(result.time),
    payload: result.data,
    actor: 'sofia.suporte',
    processed_at: null,
  });
});

it('writes each result once and in the order of the queue, however often each comes', async () => {
  const results = Array.from({ length: 350 }, (_, n) =>
    resultOf('delivery.parked.v1', (event) => (event.subject = `delivery/${n % 20}`)),
  );
  const duplicates = await metric('ponte_inbox_duplicates_total');
  await world.publish(...results);
  await world.publish(...results.slice(100));
  const rows = await everythingBefore();
  expect(rows.map(({ id }) => id)).toEqual(results.map(({ id }) => id));
  await eventually(async () => expect(await metric('ponte_inbox_duplicates_total')).toBe(duplicates + 250), PATIENTLY);
});

it('leaves the mark of the ERP, and whatever else it did to its row, when the result comes again', async () => {
  const result = resultOf('delivery.parked.v1');
  await world.publish(result);
  await everythingBefore();
  const marked = new Date('2026-07-20T18:00:00Z');
  await world.erp.query(`update erp_inbox set processed_at = $1, payload = '{"taken": true}'`, [marked]);
  await world.publish(result);
  const row = (await everythingBefore()).find(({ id }) => id === result.id);
  expect(row).toMatchObject({ processed_at: marked, payload: { taken: true } });
});

it('lets go what is about another ERP or not asked for any more, and counts it', async () => {
  const elsewhere = resultOf('delivery.parked.v1', (event) => about(event, '/erp/other'));
  const binding = [QUEUE, PONTE_EVENTS, 'customerx.run.finished.v1'] as const;
  const before = await metric('ponte_inbox_skipped_total');
  // As a binding that was asked for once: taken out of the setting, it stays on the queue.
  await world.channel.bindQueue(...binding);
  await world.publish(elsewhere, resultOf('run.finished.v1'));
  expect(await everythingBefore()).toEqual([]);
  await world.channel.unbindQueue(...binding);
  await eventually(async () => expect(await metric('ponte_inbox_skipped_total')).toBe(before + 2), PATIENTLY);
  expect(await metric('ponte_inbox_skipped_total', 'other-erp')).toBe(1);
  expect(await world.waiting(DEAD)).toBe(0);
});

it('sends what nobody can read or understand to the dead letters, whole and with the reason, and goes on', async () => {
  const invalid = resultOf('delivery.parked.v1', ({ data }) => (data.attempts = -1));
  const unknown = { ...resultOf('delivery.parked.v1'), type: 'customerx.delivery.vanished.v1' };
  const good = resultOf('delivery.parked.v1');
  await world.publishBytes(Buffer.from([0xff, 0xfe, 0x00]), { CC: [QUEUE] });
  await world.publish(invalid, unknown as never, good);
  const rows = await everythingBefore();
  expect(rows.map(({ id }) => id)).toEqual([good.id]);
  const letters = await world.takeDeadLetters(3);
  const told = letters.map(({ properties }) => properties.headers?.['ponte-refused']);
  expect(told).toEqual([
    expect.stringMatching(/UTF-8|JSON|read/i),
    expect.stringContaining('/data/attempts'),
    expect.stringContaining('does not know the type customerx.delivery.vanished.v1'),
  ]);
  expect(letters[0]!.content).toEqual(Buffer.from([0xff, 0xfe, 0x00]));
  // A copy would go to every queue it names.
  expect(letters[0]!.properties.headers?.CC).toBeUndefined();
  expect(letters[2]!.content).toEqual(writeEvent(unknown as never).content);
  await eventually(async () => expect(await metric('ponte_inbox_refused_total', 'unknown-type')).toBe(1), PATIENTLY);
});

it('sends a result the ERP refuses to the dead letters alone, and writes its neighbours in their order', async () => {
  await world.erp.query(`alter table erp_inbox add constraint mine check (company <> '13')`);
  const results = Array.from({ length: 5 }, (_, n) =>
    resultOf('delivery.parked.v1', (event) => (event.company = n === 2 ? '13' : '1')),
  );
  await world.publish(...results);
  const rows = await everythingBefore();
  await world.erp.query('alter table erp_inbox drop constraint mine');
  expect(rows.map(({ id }) => id)).toEqual([0, 1, 3, 4].map((n) => results[n]!.id));
  const [letter] = await world.takeDeadLetters(1);
  expect(letter!.properties.messageId).toBe(results[2]!.id);
  expect(letter!.properties.headers?.['ponte-refused']).toContain('violates check constraint "mine"');
  // The ERP was mended, and a person moves it back.
  await world.moveBack(letter!);
  await eventually(async () => expect((await world.rows()).map(({ id }) => id)).toContain(results[2]!.id), PATIENTLY);
});

it('blames the table and no result while the table takes none: it waits, says why, and goes on when it is mended', async () => {
  await world.erp.query('truncate erp_inbox; alter table erp_inbox add column mine text not null');
  const results = Array.from({ length: 3 }, () => resultOf('delivery.parked.v1'));
  await world.publish(...results);
  await eventually(async () => {
    const { status, text } = await readiness();
    expect({ status, text }).toMatchObject({
      status: 503,
      text: expect.stringContaining('columns that nobody fills (mine)'),
    });
  }, PATIENTLY);
  expect(await world.waiting(DEAD)).toBe(0);
  await world.erp.query('alter table erp_inbox drop column mine');
  const rows = await everythingBefore();
  expect(rows.map(({ id }) => id)).toEqual(results.map(({ id }) => id));
  await eventually(async () => expect((await readiness()).status).toBe(200), PATIENTLY);
});

it('loses nothing and acknowledges nothing while the database is away, is not ready meanwhile, and goes on', async () => {
  await world.takeDatabaseAway();
  const results = Array.from({ length: 30 }, () => resultOf('delivery.parked.v1'));
  try {
    await world.publish(...results);
    await eventually(async () => {
      const { status, text } = await readiness();
      expect({ status, text }).toMatchObject({ status: 503, text: expect.stringContaining('not permitted to log in') });
    }, PATIENTLY);
    await eventually(async () => expect(await metric('ponte_inbox_stuck')).toBe(1), PATIENTLY);
    // Whatever the consumer held goes back to the queue each time it gives up.
    await eventually(async () => expect(await world.waiting(QUEUE)).toBe(30), { ...PATIENTLY, everyMs: 5 });
    expect(await world.rows()).toEqual([]);
  } finally {
    await world.bringDatabaseBack();
  }
  const rows = await everythingBefore();
  expect(rows.map(({ id }) => id)).toEqual(results.map(({ id }) => id));
  await eventually(async () => expect((await readiness()).status).toBe(200), PATIENTLY);
  expect(await metric('ponte_inbox_stuck')).toBe(0);
});
