import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from 'amqplib';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { eventually } from '#libs/testing';
import { isFree } from './ports.ts';
import { PrivateStack, type Loan } from './stack.ts';
import type { StackAddresses, StackState } from './state.ts';

/** A stack of this file's own, beside the one the other tests use: here servers are killed. */
describe('the private stack', () => {
  let folder: string;
  let stack: PrivateStack;
  let loan: Loan;
  let addresses: StackAddresses;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ponte-stack-'));
    stack = new PrivateStack(folder);
    loan = await stack.borrow();
    ({ addresses } = loan);
  }, 180_000);

  afterAll(async () => {
    await stack.wipe();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  const state = () => JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8')) as StackState;

  it('keeps its passwords from other users', () => {
    expect(statSync(join(folder, 'state.json')).mode & 0o777).toBe(0o600);
  });

  it('makes a broker user for an ERP that publishes its events itself, and for no name of its own', async () => {
    const url = await stack.publisher('erp-acme');
    expect(await stack.publisher('erp-acme')).toBe(url);
    const connection = await connect(url);
    connection.on('error', () => undefined);
    const channel = await connection.createChannel();
    const refused = new Promise<Error>((resolve) => channel.on('error', resolve));
    channel.assertQueue('mine').catch(() => undefined);
    expect((await refused).message).toContain('ACCESS_REFUSED');
    await connection.close();
    await expect(stack.publisher('ponte')).rejects.toThrow('is no name for a publisher');
  });

  it('gives a second borrower the same, starts nothing, and stays when that one is done', async () => {
    const { processes } = state();
    const second = await stack.borrow();
    expect(second.addresses).toEqual(addresses);
    await second.giveBack();
    expect(await stack.status()).toMatchObject({ postgres: 'up', rabbitmq: 'up' });
    expect(state().processes).toEqual(processes);
  });

  it('is durable and ready for logical decoding', async () => {
    const settings = "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'wal_level') ORDER BY name";
    const rows = await query(addresses.adminDatabaseUrl, settings);
    expect(rows).toEqual([
      { name: 'fsync', setting: 'on' },
      { name: 'wal_level', setting: 'logical' },
    ]);
  });

  it('listens on loopback only, epmd and distribution included', () => {
    const listeners = listeningAddresses();
    for (const port of Object.values(state().ports)) {
      const hosts = listeners.filter((each) => each.port === port).map(({ host }) => host);
      expect(hosts).toContain('0100007F'); // 127.0.0.1, as the kernel writes it
      expect(hosts.filter((host) => host !== '0100007F' && host !== `${'0'.repeat(24)}01000000`)).toEqual([]);
    }
  });

  it('a killed PostgreSQL is down, and the next borrower finds what was committed', async () => {
    await query(addresses.adminDatabaseUrl, "CREATE TABLE kept AS SELECT 'committed' AS word");
    await stack.postgres.kill();
    expect((await stack.status()).postgres).toBe('down');
    await (await stack.borrow()).giveBack();
    expect(await query(addresses.adminDatabaseUrl, 'SELECT word FROM kept')).toEqual([{ word: 'committed' }]);
  }, 60_000);

  it('a killed RabbitMQ is down, and the next start brings back what was confirmed', async () => {
    const before = await connect(addresses.amqpUrl);
    before.on('error', () => undefined);
    const channel = await before.createConfirmChannel();
    await channel.assertQueue('kept', { durable: true, arguments: { 'x-queue-type': 'quorum' } });
    channel.sendToQueue('kept', Buffer.from('confirmed'), { persistent: true });
    await channel.waitForConfirms();
    await eventually(() => membershipIsOnDisk('kept'));
    await stack.rabbitmq.kill();
    expect((await stack.status()).rabbitmq).toBe('down');
    await stack.rabbitmq.start();
    const after = await connect(addresses.amqpUrl);
    after.on('error', () => undefined);
    const message = await (await after.createChannel()).get('kept', { noAck: true });
    expect(message && message.content.toString()).toBe('confirmed');
    await after.close();
  }, 120_000);

  /** RabbitMQ 3.10 writes it up to a second after the declaration: a queue killed before that never finds its leader. */
  const membershipIsOnDisk = (queue: string) => {
    const quorum = join(folder, 'rabbitmq', 'data', 'ponte@localhost', 'quorum', 'ponte@localhost');
    const files = ['names.dets', 'meta.dets'].map((file) => readFileSync(join(quorum, file), 'latin1'));
    return files.every((text) => text.includes(`ponte_${queue}`));
  };

  it('goes down with its last borrower, since nobody asked for it, and leaves no process and no port behind', async () => {
    await loan.giveBack();
    expect(await stack.status()).toMatchObject({ postgres: 'down', rabbitmq: 'down' });
    const sign = `PONTE_STACK_OF=${folder}`;
    const all = execFileSync('sh', ['-c', 'cat /proc/[0-9]*/environ 2>/dev/null | tr "\\0" "\\n"; true'], {
      encoding: 'utf8',
      maxBuffer: 256 << 20,
    });
    expect(all.split('\n')).not.toContain(sign);
    for (const port of Object.values(state().ports)) expect(await isFree(port)).toBe(true);
  }, 60_000);
});

/** What the kernel says, for IPv4 and IPv6: `0A` is the state of a listening socket. */
function listeningAddresses(): { host: string; port: number }[] {
  const lines = ['tcp', 'tcp6'].flatMap((kind) => readFileSync(`/proc/net/${kind}`, 'utf8').split('\n').slice(1));
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === '0A')
    .map(([, local]) => ({ host: local!.split(':')[0]!, port: Number.parseInt(local!.split(':')[1]!, 16) }));
}

async function query(url: string, statement: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}
