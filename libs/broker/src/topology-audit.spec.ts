import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { eventually, findTestStack } from '#libs/testing';
import { listen, TopicBench } from '../test/topic-bench.js';
import {
  applyPolicies,
  assertTopology,
  auditTopology,
  BrokerManagement,
  ERP_EVENTS,
  requireSafeTopology,
  UnsafeTopology,
  type Topology,
} from './index.js';

let bench: TopicBench;
let topology: Topology;
let queue: string;

beforeAll(async () => {
  bench = await TopicBench.open();
});
beforeEach(() => {
  topology = bench.topology();
  queue = topology.queues[0]!.name;
});
afterEach(() => bench.closeServers());
afterAll(() => bench.close());

const start = () => listen(bench.server(topology, async () => {}));

async function ask(managementUrl: string, method: string, path: string, body?: object): Promise<void> {
  const { origin, username, password } = new URL(managementUrl);
  const authorization = `Basic ${Buffer.from(`${username}:${decodeURIComponent(password)}`).toString('base64')}`;
  const headers = { authorization, 'content-type': 'application/json' };
  const answer = await fetch(`${origin}/api/${path}`, { method, headers, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
}

test('on a fresh vhost everything is declared, the policies are set, and nothing is left to complain of', async () => {
  await start();
  expect(await auditTopology(bench.management, topology)).toEqual([]);
  const { definition } = (await bench.management.policy(queue))!;
  expect(definition).toEqual({
    'delivery-limit': 1_000_000,
    'dead-letter-exchange': 'ponte.dead',
    'dead-letter-routing-key': topology.queues[1]!.name,
    'dead-letter-strategy': 'at-least-once',
    overflow: 'reject-publish',
  });
});

test('starting a second time changes nothing and is fine', async () => {
  await start();
  await start();
});

test('a message that is rejected arrives in the dead letters, so they are really wired', async () => {
  await start();
  await bench.closeServers();
  await bench.publish(topology, 1);
  const channel = await bench.plain.createChannel();
  await channel.consume(queue, (message) => channel.reject(message!, false));
  const arrived = Promise.withResolvers<string>();
  await channel.consume(topology.queues[1]!.name, (message) => arrived.resolve(message!.content.toString()));
  expect(await arrived.promise).toBe('1');
  await channel.close();
});

test('a classic queue in its place is refused with the sentence to act on', async () => {
  await bench.channel.assertQueue(queue, { durable: true });
  const refused = start();
  await expect(refused).rejects.toThrow(UnsafeTopology);
  await expect(refused).rejects.toThrow(
    `queue "${queue}" is of type classic: drain it, delete it and let the app declare it as quorum`,
  );
});

test('a quorum queue without the single active consumer is refused', async () => {
  await bench.channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  await expect(start()).rejects.toThrow(`queue "${queue}" lacks the argument x-single-active-consumer=true`);
});

test('a policy of somebody else that wins over ours is refused with the command to run', async () => {
  const { managementUrl, vhost } = bench.vhost;
  await ask(managementUrl, 'PUT', `policies/${vhost}/stronger`, {
    pattern: `^${queue}$`,
    definition: { 'delivery-limit': 20 },
    priority: 99,
    'apply-to': 'all',
  });
  const refused = start();
  await expect(refused).rejects.toThrow(`queue "${queue}" has no policy for delivery-limit=1000000`);
  await expect(refused).rejects.toThrow(`rabbitmqctl set_policy -p ${vhost} --apply-to queues --priority 10 ${queue}`);
  await ask(managementUrl, 'DELETE', `policies/${vhost}/stronger`);
});

test('a missing policy is found', async () => {
  await start();
  await bench.closeServers();
  await ask(bench.vhost.managementUrl, 'DELETE', `policies/${bench.vhost.vhost}/${queue}`);
  expect(await auditTopology(bench.management, topology)).toEqual([
    expect.stringContaining('dead-letter-strategy=at-least-once'),
  ]);
});

test('a missing binding is found', async () => {
  await start();
  await bench.closeServers();
  const [{ exchange, pattern }] = topology.queues[0]!.bindings as [{ exchange: string; pattern: string }];
  await bench.channel.unbindQueue(queue, exchange, pattern);
  expect(await auditTopology(bench.management, topology)).toEqual([
    `queue "${queue}" is not bound to "${exchange}" with "${pattern}": bind it, or its events pass it by`,
  ]);
});

test('an alternate exchange by policy is refused: with it nothing is ever returned', async () => {
  await start();
  await bench.closeServers();
  const { managementUrl, vhost } = bench.vhost;
  await bench.channel.assertExchange('catch.all', 'fanout', { durable: true });
  await ask(managementUrl, 'PUT', `policies/${vhost}/alternate`, {
    pattern: '^erp\\.events$',
    definition: { 'alternate-exchange': 'catch.all' },
    'apply-to': 'exchanges',
  });
  await expect(start()).rejects.toThrow(
    `exchange "${ERP_EVENTS}" has the alternate exchange "catch.all": remove it, or what nobody takes is never returned`,
  );
  await ask(managementUrl, 'DELETE', `policies/${vhost}/alternate`);
});

test('an alternate exchange given when the exchange was declared is refused, and so is another type', async () => {
  const other = await TopicBench.open();
  await other.channel.assertExchange(ERP_EVENTS, 'topic', { durable: true, alternateExchange: 'catch.all' });
  await other.channel.assertExchange('ponte.events', 'fanout', { durable: true });
  const refused = listen(other.server(other.topology(), async () => {}));
  await expect(refused).rejects.toThrow('has the alternate exchange "catch.all"');
  await expect(refused).rejects.toThrow('exchange "ponte.events" is of type fanout');
  await other.close();
});

test('with the alternate exchange in place an unbound message is not returned: why it is refused', async () => {
  const other = await TopicBench.open();
  await other.channel.assertExchange('catch.all', 'fanout', { durable: true });
  await other.channel.assertQueue('nobody.reads.it', { durable: true });
  await other.channel.bindQueue('nobody.reads.it', 'catch.all', '');
  await other.channel.assertExchange(ERP_EVENTS, 'topic', { durable: true, alternateExchange: 'catch.all' });
  const returned: string[] = [];
  const channel = await other.plain.createConfirmChannel();
  channel.on('return', () => returned.push('returned'));
  channel.publish(ERP_EVENTS, 'nobody.v1', Buffer.from('{}'), { mandatory: true });
  await channel.waitForConfirms();
  expect(returned).toEqual([]);
  await other.close();
});

test('a user who may not set policies is told the command, and starts once somebody has run it', async () => {
  const { adminManagementUrl } = findTestStack();
  const { managementUrl, amqpUrl, vhost } = bench.vhost;
  const user = `ponte_test_${randomUUID()}`;
  await ask(adminManagementUrl, 'PUT', `users/${user}`, { password: 'reads-only', tags: 'management' });
  const everything = { configure: '.*', write: '.*', read: '.*' };
  await ask(adminManagementUrl, 'PUT', `permissions/${vhost}/${user}`, everything);
  const url = Object.assign(new URL(managementUrl), { username: user, password: 'reads-only' }).href;
  const management = new BrokerManagement(url, amqpUrl);
  try {
    await assertTopology(bench.channel, topology);
    await expect(requireSafeTopology(management, topology, 0)).rejects.toThrow('rabbitmqctl set_policy');
    await applyPolicies(bench.management, topology);
    await eventually(() => requireSafeTopology(management, topology, 0), { withinMs: 20_000, everyMs: 500 });
  } finally {
    await ask(adminManagementUrl, 'DELETE', `users/${user}`);
  }
});

test('a management API that does not answer is waited for a while, then named', async () => {
  const management = new BrokerManagement('http://nobody:secret@127.0.0.1:9', bench.vhost.amqpUrl);
  const refused = requireSafeTopology(management, topology, 0);
  await expect(refused).rejects.toThrow('the management API does not answer');
  await expect(refused).rejects.not.toThrow('secret');
});
