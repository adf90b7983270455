import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { readEvent } from '#libs/contracts';
import { eventually } from '#libs/testing';
import { RelayBench, type Taken } from '../test/relay-bench.js';

let bench: RelayBench;
beforeAll(async () => {
  bench = await RelayBench.open();
});
afterEach(() => bench.clear());
afterAll(() => bench.close());

const ids = (taken: Taken[]) => taken.map(({ key }) => key.replace('receivable/', ''));
const allPublished = () => eventually(async () => (await bench.database.unpublished()) === 0);

test('a committed row becomes an event, is confirmed, and only then marked', async () => {
  const taken = await bench.listen();
  const position = await bench.database.write({ aggregateid: '4711-2', payload: { n: 1 } });
  const { publisher } = await bench.start();
  publisher.holdAnswers();
  await eventually(() => taken.length === 1);
  expect((await bench.database.row(position)).published).toBe(false);
  publisher.letAnswersThrough();
  await eventually(async () => (await bench.database.row(position)).published);
});

test('a row of a transaction that is rolled back is never published', async () => {
  const taken = await bench.listen();
  await bench.start();
  const other = await bench.database.session();
  await other.query('begin');
  await bench.database.write({ aggregateid: 'never' }, other);
  await bench.database.write({ aggregateid: 'a' });
  await allPublished();
  await other.query('rollback');
  await bench.database.write({ aggregateid: 'b' });
  await allPublished();
  expect(ids(taken)).toEqual(['a', 'b']);
});

test('two open transactions that commit in the other order are both published', async () => {
  const taken = await bench.listen();
  await bench.start();
  const other = await bench.database.session();
  await other.query('begin');
  await bench.database.write({ aggregateid: 'first' }, other);
  await bench.database.write({ aggregateid: 'second' });
  await eventually(() => taken.length === 1);
  await other.query('commit');
  await eventually(() => taken.length === 2);
  expect(ids(taken)).toEqual(['second', 'first']);
});

test('the event a reader gets is the row: id, type, subject, company, sequence as text, and the payload as written', async () => {
  const taken = await bench.listen();
  const queue = await bench.bind('#');
  const settled = { number: '4711', amount: '1500.00', zeroes: 1.1, big: 12345678901234567890n.toString() };
  await bench.database.write({ aggregateid: '4711-2', sequence: 7, payload: settled, partitionkey: 'customer/9' });
  await bench.start();
  await allPublished();
  const message = await bench.channel.get(queue, { noAck: true });
  if (message === false) throw new Error('nothing arrived');
  const { properties } = message;
  const read = readEvent(message.content, { contentType: properties.contentType, headers: properties.headers });
  expect(read.kind).toBe('invalid'); // the data above is not a title's; the envelope is right
  const { envelope } = read as Extract<typeof read, { kind: 'invalid' }>;
  expect(envelope).toMatchObject({
    source: '/erp/test',
    type: 'erp.receivable.settled.v1',
    subject: 'receivable/4711-2',
    company: '1',
    branch: '01',
    actor: 'maria',
    sequence: '7',
    partitionkey: 'customer/9',
    data: settled,
  });
  expect(envelope.time).toMatch(/^20\d\d-\d\d-\d\dT[\d:]{8}\.\d{6}Z$/);
  expect(properties).toMatchObject({
    messageId: envelope.id,
    type: 'erp.receivable.settled.v1',
    appId: '/erp/test',
    deliveryMode: 2,
  });
  expect(properties.headers).toMatchObject({ partitionkey: 'customer/9', 'cloudEvents:subject': 'receivable/4711-2' });
  expect(taken[0]!.id).toBe(envelope.id);
});

test('a sample of the catalogue written as a row is read as the very event', async () => {
  const { sampleOf } = await import('#libs/contracts');
  const sample = sampleOf('erp.receivable.settled.v1');
  const queue = await bench.bind('#');
  await bench.database.write({
    aggregateid: sample.subject.replace('receivable/', ''),
    type: sample.type,
    company: sample.company,
    branch: sample.branch,
    sequence: Number(sample.sequence),
    payload: sample.data,
    actor: '',
    partitionkey: '',
  });
  await bench.start();
  await allPublished();
  const message = await bench.channel.get(queue, { noAck: true });
  if (message === false) throw new Error('nothing arrived');
  const read = readEvent(message.content, message.properties as never);
  expect(read).toMatchObject({
    kind: 'event',
    event: { subject: sample.subject, data: sample.data, sequence: sample.sequence },
  });
  expect((read as { event: object }).event).not.toHaveProperty('actor', '');
});

test('a hashing exchange spreads the rows by their key, which it cannot do without the header partitionkey', async () => {
  const { channel } = bench;
  await channel.assertExchange('by.key', 'x-consistent-hash', { arguments: { 'hash-header': 'partitionkey' } });
  await channel.bindExchange('by.key', 'erp.events', 'erp.#');
  const queues = ['partition.1', 'partition.2'];
  for (const queue of queues) {
    await channel.assertQueue(queue, { durable: true });
    await channel.bindQueue(queue, 'by.key', '10');
  }
  const counts = () => Promise.all(queues.map(async (queue) => (await channel.checkQueue(queue)).messageCount));
  for (let i = 0; i < 40; i += 1) channel.publish('by.key', 'naive', Buffer.from('{}'));
  await eventually(async () => (await counts()).reduce((sum, n) => sum + n) === 40);
  expect(await counts()).toContain(0);
  await Promise.all(queues.map((queue) => channel.purgeQueue(queue)));
  await bench.start();
  await bench.database.writeMany(40, 40);
  await allPublished();
  await eventually(async () => (await counts()).reduce((sum, n) => sum + n) === 40);
  expect(await counts()).not.toContain(0);
  await channel.deleteExchange('by.key');
});

test('no second row of a key is sent before the first is confirmed, while other keys flow', async () => {
  const taken = await bench.listen();
  for (const aggregateid of ['K', 'K', 'L']) await bench.database.write({ aggregateid });
  const { publisher } = await bench.start();
  publisher.holdAnswers();
  await eventually(() => taken.length === 2);
  for (const aggregateid of ['K', 'L', 'M']) await bench.database.write({ aggregateid });
  await eventually(() => taken.length === 3);
  expect(ids(taken).sort()).toEqual(['K', 'L', 'M']);
  expect(publisher.sent).toHaveLength(3);
  publisher.letAnswersThrough();
  await allPublished();
  expect(ids(taken).filter((id) => id === 'K')).toHaveLength(3);
});

test('a refused row is not overtaken by a later one of its key', async () => {
  const queue = await bench.bind('#', { 'x-max-length': 1, 'x-overflow': 'reject-publish' });
  const running = await bench.start();
  await fill(queue);
  await bench.database.write({ aggregateid: 'K', payload: { n: 1 } });
  await bench.database.write({ aggregateid: 'K', payload: { n: 2 } });
  await eventually(() => running.relay.report().paused['queue-full'] !== undefined);
  await bench.channel.purgeQueue(queue);
  const taken = await bench.listen({ queue });
  await allPublished();
  await eventually(() => taken.length >= 2);
  expect(taken.map(({ n }) => n).filter((n, i, all) => all.indexOf(n) === i)).toEqual([1, 2]);
});

test('the naive pipeline, which sends on without waiting, has the refused row behind the accepted one for good', async () => {
  const queue = await bench.bind('#', { 'x-max-length': 1, 'x-overflow': 'reject-publish' });
  const { publisher } = await bench.start();
  await fill(queue);
  const send = (n: number) =>
    new Promise((resolve) => {
      const content = Buffer.from(JSON.stringify({ id: String(n), subject: 'receivable/K', data: { n } }));
      publisher.send(
        { exchange: 'erp.events', routingKey: 'erp.receivable.settled.v1', content, properties: properties(n) },
        resolve,
      );
    });
  const first = send(1);
  const room = first.then(() => bench.channel.purgeQueue(queue));
  const second = room.then(() => eventually(() => publisher.state === 'open')).then(() => send(2));
  expect([await first, await second]).toEqual(['refused', 'confirmed']);
  const taken = await bench.listen({ queue });
  expect(await send(1)).toBe('confirmed');
  await eventually(() => taken.length === 2);
  expect(taken.map(({ n }) => n)).toEqual([2, 1]);
});

test('what nobody is bound to pauses the relay with a sentence, parks nothing, and goes on when a queue is bound', async () => {
  const running = await bench.start();
  const position = await bench.database.write({ aggregateid: 'K', payload: { n: 1 } });
  await bench.database.write({ aggregateid: 'L' });
  await eventually(() => running.relay.report().paused['unroutable'] !== undefined);
  expect(running.relay.report().paused['unroutable']).toContain('no queue is bound for erp.receivable.settled.v1');
  const sentWhenPaused = running.publisher.sent.length;
  await eventually(() => running.publisher.sent.length >= sentWhenPaused + 2);
  expect(new Set(running.publisher.sent.slice(sentWhenPaused).map((event) => event.properties.messageId)).size).toBe(1);
  expect(await bench.database.row(position)).toEqual({ published: false, parked: null });
  const taken = await bench.listen();
  await allPublished();
  expect(ids(taken).sort()).toEqual(['K', 'L']);
  expect(running.relay.report().paused).toEqual({});
  expect(running.notices.filter(({ kind }) => kind === 'parked')).toEqual([]);
});

test('while the broker blocks, nothing is read beyond the buffer, and everything arrives in order after', async () => {
  const taken = await bench.listen();
  const running = await bench.start({ bufferRows: 500, unconfirmedMax: 100 });
  running.publisher.block('low on memory');
  await bench.database.writeMany(3_000, 100);
  await eventually(() => running.relay.report().paused['broker-blocked'] === 'low on memory');
  await eventually(async () => (await bench.database.unpublished()) === 3_000);
  expect(running.relay.report().inMemory).toBeLessThanOrEqual(500);
  running.publisher.unblock();
  await allPublished();
  expect(taken).toHaveLength(3_000);
  expectOrder(taken);
});

test('the buffer is bounded in rows while confirms are slow', async () => {
  await bench.listen();
  const running = await bench.start({ bufferRows: 800, unconfirmedMax: 50 });
  running.publisher.holdAnswers();
  await bench.database.writeMany(6_000, 6_000);
  let most = 0;
  const watch = setInterval(() => (most = Math.max(most, running.relay.report().inMemory)), 1);
  await eventually(() => running.publisher.answersHeld === 50);
  await eventually(() => running.relay.report().inMemory >= 100);
  running.publisher.letAnswersThrough();
  await allPublished();
  clearInterval(watch);
  expect(most).toBeLessThan(800 + 2_000);
});

test('the buffer is bounded in bytes too, whatever the rows weigh', async () => {
  await bench.listen();
  const running = await bench.start({ bufferBytes: 4_000_000 });
  running.publisher.holdAnswers();
  await bench.database.erp.query(
    `insert into erp_outbox (aggregatetype, aggregateid, type, payload, company, branch)
     select 'receivable', n::text, 'erp.receivable.settled.v1', jsonb_build_object('x', repeat('x', 900000)), '1', '01'
     from generate_series(1, 40) n`,
  );
  await eventually(() => running.publisher.answersHeld > 0);
  await eventually(() => running.relay.report().inMemoryBytes > 4_000_000);
  expect(running.relay.report().inMemoryBytes).toBeLessThan(4_000_000 + 8_000_000 + 1_000_000);
  running.publisher.letAnswersThrough();
  await allPublished();
});

test('a broker that takes everything and confirms nothing is told of, and relied on again when it answers', async () => {
  await bench.listen();
  const running = await bench.start({ unansweredMs: 200 });
  running.publisher.holdAnswers();
  await bench.database.writeMany(20, 10);
  await eventually(() => running.relay.report().paused['unanswered'] !== undefined);
  expect(running.relay.report().paused['unanswered']).toBe('the broker has confirmed none of 10 messages for 0 s');
  running.publisher.letAnswersThrough();
  await allPublished();
  expect(running.relay.report().paused).toEqual({});
});

test('a connection cut while rows are under way loses nothing and inverts nothing', async () => {
  const taken = await bench.listen();
  const running = await bench.start({ unconfirmedMax: 20 });
  await bench.database.writeMany(4_000, 100);
  await eventually(() => taken.length > 200);
  await bench.cutFromBroker(running);
  await allPublished();
  await eventually(() => new Set(taken.map(({ id }) => id)).size === 4_000);
  expectOrder(taken);
  expect(running.notices.some((notice) => notice.kind === 'paused' && notice.cause === 'broker-away')).toBe(true);
});

test('rows that were lost before they reached the broker go again, before later ones of their keys', async () => {
  const taken = await bench.listen();
  const running = await bench.start();
  running.publisher.swallow();
  await bench.database.writeMany(40, 10);
  await eventually(() => running.publisher.sent.length === 10);
  running.publisher.tellLost();
  await allPublished();
  expect(taken).toHaveLength(40);
  expectOrder(taken);
});

test('sessions cut while rows are marked: the marks are made again, and nothing is published twice', async () => {
  const taken = await bench.listen();
  const other = await bench.database.session();
  const position = await bench.database.write({ aggregateid: 'K' });
  // Locked before the relay begins: one that is quick has marked it by then.
  await other.query('begin');
  await other.query('select from erp_outbox where position = $1 for update', [position]);
  const running = await bench.start();
  await eventually(async () => (await bench.database.cut(running.applicationName, '%set "published_at"%')) === 1);
  await eventually(() => running.notices.some((notice) => notice.kind === 'paused' && notice.cause === 'marking'));
  await other.query('rollback');
  await eventually(async () => (await bench.database.row(position)).published);
  await eventually(() => Object.keys(running.relay.report().paused).length === 0);
  expect(taken).toHaveLength(1);
});

test('all sessions cut while it works: the relay says so and goes on by itself', async () => {
  const taken = await bench.listen();
  const running = await bench.start({ ttlMs: 20_000 });
  await bench.database.writeMany(3_000, 50);
  await eventually(() => taken.length > 100);
  await bench.database.cut(running.applicationName);
  await eventually(() => new Set(taken.map(({ id }) => id)).size === 3_000);
  await allPublished();
  expectOrder(taken);
});

test('a relay that is gone between confirm and mark: the next one publishes again, with the same id', async () => {
  const taken = await bench.listen();
  const other = await bench.database.session();
  const position = await bench.database.write({ aggregateid: 'K' });
  await other.query('begin');
  await other.query('select from erp_outbox where position = $1 for update', [position]);
  const first = await bench.start({ ttlMs: 500 });
  await eventually(() => taken.length === 1);
  await first.die();
  const second = await bench.start();
  await eventually(() => taken.length === 2);
  await other.query('rollback');
  await eventually(async () => (await bench.database.row(position)).published);
  expect(taken[1]!.id).toBe(taken[0]!.id);
  expect(second.relay.report().published).toBe(1);
});

test('stopping waits for the confirms under way, marks them, and only then lets the next one lead, at once', async () => {
  await bench.listen();
  const running = await bench.start({ ttlMs: 60_000 });
  running.publisher.holdAnswers();
  await bench.database.writeMany(10, 10);
  await eventually(() => running.publisher.answersHeld === 10);
  const stopped = running.relay.stop();
  for (let i = 0; i < 50; i += 1) expect(await bench.database.unpublished()).toBe(10);
  expect(running.lease.holds()).toBe(true);
  running.publisher.letAnswersThrough();
  await stopped;
  expect(await bench.database.unpublished()).toBe(0);
  const next = await bench.start();
  await eventually(() => next.relay.report().leading, { withinMs: 3_000 });
});

test('a wake finds a row at once, without waiting for the next poll', async () => {
  const taken = await bench.listen();
  const running = await bench.start();
  await eventually(() => running.relay.report().leading);
  await bench.database.write({ aggregateid: 'a' });
  running.relay.wake();
  await eventually(() => taken.length === 1, { withinMs: 1_000, everyMs: 1 });
});

test('a commit that is heard of finds its row at once, and however many are heard, a look follows the last by some ten milliseconds', async () => {
  const taken = await bench.listen();
  const reader = bench.database.reader();
  const looks: number[] = [];
  const readOpen = reader.readOpen.bind(reader);
  reader.readOpen = (wish) => {
    looks.push(performance.now());
    return readOpen(wish);
  };
  const { relay } = await bench.start({ reader });
  await eventually(() => looks.at(-1)! - looks.at(-2)! > 200, { withinMs: 5_000 });
  await bench.database.write({ aggregateid: 'a' });
  const heardAt = performance.now();
  relay.hear();
  await eventually(() => taken.length === 1, { everyMs: 1 });
  const found = looks.findIndex((at) => at >= heardAt);
  expect(looks[found]! - heardAt).toBeLessThan(150);
  const [from, begunAt] = [looks.length, performance.now()];
  while (performance.now() - begunAt < 200) {
    relay.hear();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const gaps = looks.slice(from + 1).map((at, n) => at - looks[from + n]!);
  expect(gaps.length).toBeGreaterThan(3);
  expect(Math.min(...gaps)).toBeGreaterThan(5);
  expect(gaps.toSorted((one, other) => one - other)[Math.floor(gaps.length / 2)]).toBeLessThan(20);
});

test('a reason the app gives holds everything back until it is lifted, and none lifts another', async () => {
  const taken = await bench.listen();
  const running = await bench.start();
  running.relay.pause('queues-missing', 'audit.events is not bound');
  running.publisher.block('low on memory');
  running.publisher.unblock();
  await bench.database.write({ aggregateid: 'a' });
  await eventually(() => running.relay.report().leading);
  expect(running.relay.report().paused).toEqual({ 'queues-missing': 'audit.events is not bound' });
  expect(running.publisher.sent).toEqual([]);
  running.relay.resume('queues-missing');
  await eventually(() => taken.length === 1);
});

test('a source that no reader would accept is refused before the first row', async () => {
  await expect(bench.start({ source: 'erp' })).rejects.toThrow('"erp" is not a source of events');
});

function properties(n: number) {
  return {
    messageId: String(n),
    type: 't',
    timestamp: 0,
    appId: 'a',
    contentType: 'application/cloudevents+json',
    headers: {},
  } as const;
}

/** A queue's limit is soft: it takes one or two before it refuses. */
async function fill(queue: string): Promise<void> {
  await eventually(async () => {
    bench.channel.publish('erp.events', 'filling', Buffer.from('{"id":"x","subject":"x","data":{}}'), {
      persistent: true,
    });
    return (await bench.channel.checkQueue(queue)).messageCount >= 1;
  });
  await eventually(async () => {
    const before = (await bench.channel.checkQueue(queue)).messageCount;
    bench.channel.publish('erp.events', 'filling', Buffer.from('{"id":"x","subject":"x","data":{}}'), {
      persistent: true,
    });
    return (await bench.channel.checkQueue(queue)).messageCount === before;
  });
}

/** Per key, the first arrivals rise. */
function expectOrder(taken: Taken[]): void {
  const last = new Map<string, number>();
  const seen = new Set<string>();
  for (const { id, key, n } of taken) {
    if (seen.has(id)) continue;
    seen.add(id);
    expect(n).toBeGreaterThan(last.get(key) ?? 0);
    last.set(key, n);
  }
}
