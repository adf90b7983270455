import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connect } from 'amqplib';
import { askManagement } from './management-api.js';
import { privateVhost, type PrivateVhost } from './private-vhost.js';

describe('a private vhost', () => {
  let vhost: PrivateVhost;
  let other: PrivateVhost;

  beforeEach(async () => {
    [vhost, other] = await Promise.all([privateVhost(), privateVhost()]);
  });

  afterEach(async () => {
    await Promise.all([vhost.drop(), other.drop()]);
  });

  it('lets the user of the apps declare, and shows it to nobody else', async () => {
    const connection = await connect(vhost.amqpUrl);
    const channel = await connection.createChannel();
    await channel.assertQueue('orders', { durable: true, arguments: { 'x-queue-type': 'quorum' } });
    await connection.close();
    const queues = await askManagement('GET', vhost.managementUrl, `/queues/${vhost.vhost}`);
    expect(queues).toEqual([expect.objectContaining({ name: 'orders' })]);
    expect(await askManagement('GET', other.managementUrl, `/queues/${other.vhost}`)).toEqual([]);
  });

  it('lets the user of the apps set a policy in it', async () => {
    const policy = { pattern: '.*', definition: { 'delivery-limit': 20 }, 'apply-to': 'queues' };
    await askManagement('PUT', vhost.managementUrl, `/policies/${vhost.vhost}/limits`, policy);
    const policies = await askManagement('GET', vhost.managementUrl, `/policies/${vhost.vhost}`);
    expect(policies).toEqual([expect.objectContaining({ name: 'limits' })]);
  });
});

it('a dropped vhost takes no connection', async () => {
  const vhost = await privateVhost();
  await vhost.drop();
  await expect(connect(vhost.amqpUrl)).rejects.toThrow('ConnectionClose');
});
