import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { connect, type Channel, type ChannelModel } from 'amqplib';
import { eventually, privateVhost, type PrivateVhost } from '#libs/testing';
import { BrokerProxy } from '../test/broker-proxy.js';
import { BrokerConnection, ConfirmLost, ConfirmPublisher, publisherTopology, type OutgoingMessage } from './index.js';

let vhost: PrivateVhost;
let plain: ChannelModel;
let channel: Channel;

beforeAll(async () => {
  vhost = await privateVhost();
  plain = await connect(vhost.amqpUrl);
  channel = await plain.createChannel();
  await channel.assertExchange('erp.events', 'topic', { durable: true });
});

afterAll(async () => {
  await plain.close();
  await vhost.drop();
});

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

async function openPublisher(url = vhost.amqpUrl, topology = publisherTopology()) {
  const connection = new BrokerConnection(url, 'publisher of a test');
  const publisher = new ConfirmPublisher(connection, topology);
  opened.push(connection, publisher);
  await connection.open();
  await publisher.open();
  return { connection, publisher };
}

async function openProxy(): Promise<BrokerProxy> {
  const proxy = await BrokerProxy.before(vhost.amqpUrl);
  opened.push(proxy);
  return proxy;
}

function message(routingKey: string, exchange = 'erp.events'): OutgoingMessage {
  return { exchange, routingKey, content: Buffer.from('{}'), properties: { messageId: randomUUID() } };
}

async function bindQueue(pattern: string, args: Record<string, unknown> = {}): Promise<string> {
  const queue = `q-${randomUUID()}`;
  await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum', ...args } });
  await channel.bindQueue(queue, 'erp.events', pattern);
  return queue;
}

test('a message that a queue took is confirmed, and persistent in it', async () => {
  const queue = await bindQueue('persistent.v1');
  const { publisher } = await openPublisher();
  expect(await publisher.publish(message('persistent.v1'))).toBe('confirmed');
  const got = await channel.get(queue, { noAck: true });
  expect(got && got.properties.deliveryMode).toBe(2);
});

test('a message says as whom we are logged in, and a reader of dead letters is told so too', async () => {
  const dead = await bindQueue('never.v1');
  const deadLetters = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': dead };
  const queue = await bindQueue('signed.v1', deadLetters);
  const { publisher, connection } = await openPublisher();
  await publisher.publish(message('signed.v1'));
  const got = await channel.get(queue);
  expect(got && got.properties.userId).toBe(connection.user);
  expect(connection.user).toBe(decodeURIComponent(new URL(vhost.amqpUrl).username));
  channel.nack(got as Exclude<typeof got, false>, false, false);
  const told = await eventually(async () => {
    const letter = await channel.get(dead, { noAck: true });
    return letter && letter.properties;
  });
  expect(told).toMatchObject({ userId: connection.user });
});

test('a message that nobody is bound to is returned, where a plain confirmed publish is told that all is well', async () => {
  const confirms = await plain.createConfirmChannel();
  const naive = new Promise((resolve, reject) =>
    confirms.publish('erp.events', 'nobody.v1', Buffer.from('{}'), { persistent: true }, (error) =>
      error ? reject(error as Error) : resolve('acknowledged'),
    ),
  );
  expect(await naive).toBe('acknowledged');
  await confirms.close();

  const { publisher } = await openPublisher();
  expect(await publisher.publish(message('nobody.v1'))).toBe('returned');
});

test('a return is told of the message it belongs to, among many under way at once', async () => {
  await bindQueue('bound.v1');
  const { publisher } = await openPublisher();
  const types = Array.from({ length: 300 }, (_, i) => (i % 3 === 0 ? 'unbound.v1' : 'bound.v1'));
  const results = await Promise.all(types.map((type) => publisher.publish(message(type))));
  expect(results).toEqual(types.map((type) => (type === 'bound.v1' ? 'confirmed' : 'returned')));
});

test('a full queue that rejects publishes is told as refused, and takes again when there is room', async () => {
  const queue = await bindQueue('full.v1', { 'x-max-length': 2, 'x-overflow': 'reject-publish' });
  const { publisher } = await openPublisher();
  const result = await eventually(async () => {
    const answer = await publisher.publish(message('full.v1'));
    return answer === 'refused' && answer;
  });
  expect(result).toBe('refused');
  await channel.purgeQueue(queue);
  expect(await eventually(async () => (await publisher.publish(message('full.v1'))) === 'confirmed')).toBe(true);
});

test('nothing is tried again on a channel that has refused: what it keeps in mind of a queue may be wrong', async () => {
  await bindQueue('refusing.v1', { 'x-max-length': 2, 'x-overflow': 'reject-publish' });
  const { publisher } = await openPublisher();
  let opened = 0;
  publisher.on('ready', () => (opened += 1));
  const refused = async () => (await publisher.publish(message('refusing.v1'))) === 'refused';
  await eventually(refused, { everyMs: 1 });
  await eventually(() => opened === 1, { withinMs: 5_000 });
  expect(publisher.state).toBe('open');
});

test('a routing key beyond 255 bytes is refused before anything is sent', async () => {
  const { publisher } = await openPublisher();
  await expect(publisher.publish(message('ç'.repeat(128)))).rejects.toThrow(RangeError);
  expect(publisher.unconfirmed).toBe(0);
});

test('a property AMQP cannot carry is refused before anything is sent, and the next message is not mixed up', async () => {
  await bindQueue('bound.v1');
  const { publisher } = await openPublisher();
  const bad = message('bound.v1');
  bad.properties.appId = 'a'.repeat(256);
  await expect(publisher.publish(bad)).rejects.toThrow(TypeError);
  expect(await publisher.publish(message('bound.v1'))).toBe('confirmed');
});

test('a missing exchange loses the confirms under way, none of them told as refused, and the publisher recovers', async () => {
  await bindQueue('bound.v1');
  const { publisher } = await openPublisher();
  const sent = [message('bound.v1', 'no.such.exchange'), message('bound.v1', 'no.such.exchange')];
  const results = await Promise.allSettled(sent.map((one) => publisher.publish(one)));
  expect(results.map((result) => result.status === 'rejected' && result.reason)).toEqual([
    expect.any(ConfirmLost),
    expect.any(ConfirmLost),
  ]);
  expect(String((results[0] as PromiseRejectedResult).reason)).toContain('no.such.exchange');
  await publisher.open();
  expect(await publisher.publish(message('bound.v1'))).toBe('confirmed');
});

test('while an exchange is missing the channel is opened again with a growing wait, not in a circle', async () => {
  const { publisher } = await openPublisher();
  let opens = 0;
  publisher.on('ready', () => {
    opens += 1;
    publisher.publish(message('bound.v1', 'no.such.exchange')).catch(() => undefined);
  });
  publisher.publish(message('bound.v1', 'no.such.exchange')).catch(() => undefined);
  await eventually(() => opens >= 3);
  const begun = performance.now();
  await eventually(() => opens >= 4);
  expect(performance.now() - begun).toBeGreaterThan(500);
});

test('an exchange that somebody deleted is declared again before publishing goes on', async () => {
  const { publisher } = await openPublisher();
  await channel.deleteExchange('erp.events');
  await expect(publisher.publish(message('bound.v1'))).rejects.toThrow(ConfirmLost);
  await publisher.open();
  expect(await publisher.publish(message('nobody.v1'))).toBe('returned');
});

test('what was under way when the connection is cut is lost, never told as refused, and publishing goes on after', async () => {
  await bindQueue('bound.v1');
  const proxy = await openProxy();
  const { publisher } = await openPublisher(proxy.url);
  proxy.swallowAnswers();
  const sent = Array.from({ length: 50 }, () => publisher.publish(message('bound.v1')));
  const results = Promise.allSettled(sent);
  proxy.cut();
  for (const result of await results) {
    expect(result).toEqual({ status: 'rejected', reason: expect.any(ConfirmLost) });
  }
  expect(publisher.state).toBe('away');
  await publisher.open();
  expect(await publisher.publish(message('bound.v1'))).toBe('confirmed');
});

test('a connection the broker itself closes by force comes back', async () => {
  await bindQueue('bound.v1');
  const { publisher } = await openPublisher();
  const away = once(publisher, 'paused');
  await closeConnectionsByForce('publisher of a test');
  await away;
  await publisher.open();
  expect(await publisher.publish(message('bound.v1'))).toBe('confirmed');
});

test('while the broker blocks publishers the state says so, messages wait, and are confirmed when it takes again', async () => {
  await bindQueue('bound.v1');
  const proxy = await openProxy();
  const { publisher } = await openPublisher(proxy.url);
  const paused = once(publisher, 'paused');
  proxy.block('low on memory');
  expect(await paused).toEqual(['the broker blocks publishers: low on memory']);
  expect(publisher.state).toBe('blocked');
  const sent = publisher.publish(message('bound.v1'));
  const ready = once(publisher, 'ready');
  proxy.unblock();
  await ready;
  expect(await sent).toBe('confirmed');
});

test('closing a blocked publisher and its connection ends by itself', async () => {
  const proxy = await openProxy();
  const { connection, publisher } = await openPublisher(proxy.url);
  proxy.block('low on memory');
  await eventually(() => publisher.state === 'blocked');
  const lost = publisher.publish(message('bound.v1'));
  await Promise.all([expect(lost).rejects.toThrow(ConfirmLost), publisher.close()]);
  await connection.close();
});

test('drain says whether everything was answered in time', async () => {
  await bindQueue('bound.v1');
  const proxy = await openProxy();
  const { publisher } = await openPublisher(proxy.url);
  const first = publisher.publish(message('bound.v1'));
  expect(await publisher.drain(5_000)).toBe(true);
  expect(await first).toBe('confirmed');
  proxy.swallowAnswers();
  publisher.publish(message('bound.v1')).catch(() => undefined);
  expect(await publisher.drain(50)).toBe(false);
  proxy.cut();
});

test('a publisher that waits for the broker begins when it comes', async () => {
  await bindQueue('bound.v1');
  const proxy = await openProxy();
  proxy.goAway();
  const connection = new BrokerConnection(proxy.url, 'early');
  const publisher = new ConfirmPublisher(connection);
  opened.push(connection, publisher);
  const away = once(connection, 'away');
  const open = connection.open();
  await away;
  await expect(publisher.publish(message('bound.v1'))).rejects.toThrow(ConfirmLost);
  proxy.comeBack();
  await open;
  await publisher.open();
  expect(await publisher.publish(message('bound.v1'))).toBe('confirmed');
});

async function closeConnectionsByForce(name: string): Promise<void> {
  const { origin, username, password } = new URL(vhost.managementUrl);
  const authorization = `Basic ${Buffer.from(`${username}:${decodeURIComponent(password)}`).toString('base64')}`;
  await eventually(async () => {
    const answer = await fetch(`${origin}/api/vhosts/${vhost.vhost}/connections`, { headers: { authorization } });
    const all = (await answer.json()) as { name: string; user_provided_name?: string }[];
    const ours = all.filter((one) => one.user_provided_name === name);
    for (const one of ours) {
      const path = `connections/${encodeURIComponent(one.name)}`;
      await fetch(`${origin}/api/${path}`, { method: 'DELETE', headers: { authorization, 'x-reason': 'a test' } });
    }
    return ours.length > 0;
  });
}
