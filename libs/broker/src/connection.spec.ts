import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { privateVhost, type PrivateVhost } from '#libs/testing';
import { BrokerProxy } from '../test/broker-proxy.js';
import { BrokerConnection, ConnectionRefused } from './index.js';

let vhost: PrivateVhost;
beforeAll(async () => {
  vhost = await privateVhost();
});
afterAll(() => vhost.drop());

test('a wrong password is told at the first start instead of being tried for ever', async () => {
  const url = Object.assign(new URL(vhost.amqpUrl), { password: 'wrong' }).href;
  const refused = new BrokerConnection(url, 'test').open();
  await expect(refused).rejects.toThrow(ConnectionRefused);
  await expect(refused).rejects.toThrow(/ACCESS.REFUSED/);
});

test('a vhost that does not exist is told at the first start', async () => {
  const url = Object.assign(new URL(vhost.amqpUrl), { pathname: '/nowhere' }).href;
  await expect(new BrokerConnection(url, 'test').open()).rejects.toThrow(/nowhere/);
});

test('asking for a channel while the broker is away fails at once, and closing ends at once', async () => {
  const proxy = await BrokerProxy.before(vhost.amqpUrl);
  const connection = new BrokerConnection(proxy.url, 'test');
  await connection.open();
  const lost = new Promise<string>((resolve) => connection.once('away', resolve));
  proxy.goAway();
  await lost;
  await expect(connection.createChannel()).rejects.toThrow('the broker is away');
  await connection.close();
  await proxy.close();
});

test('opening twice opens one connection', async () => {
  const proxy = await BrokerProxy.before(vhost.amqpUrl);
  const connection = new BrokerConnection(proxy.url, 'test');
  await Promise.all([connection.open(), connection.open()]);
  expect(proxy.connections).toBe(1);
  await connection.close();
  await proxy.close();
});
