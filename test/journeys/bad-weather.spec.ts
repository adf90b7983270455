import { afterEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isEven } from '#libs/testing';
import { PrivateStack } from '../../tools/stack/stack.ts';
import { World } from '../world/world.ts';

const TITLES = 250;
const MOVEMENTS = 4;
const WITHIN_MS = 150_000;
const account = () => 'storm';

/** A company that sends as things come, with a short deadline: a dead process' lanes come back soon. */
async function calmWorld(): Promise<World> {
  const world = await World.prepare();
  await world.startAll();
  await world.openAccounts(['storm']);
  await world.integrate({ company: '1', account: 'storm', settings: { deadlineSeconds: 2 } });
  return world;
}

/** Titles move at a rate that leaves time to break things meanwhile. */
function generate(world: World): Promise<unknown> {
  return world.ask('sandbox', 'POST', '/erp/generate', {
    companies: 1,
    titles: TITLES,
    movementsPerTitle: MOVEMENTS,
    seed: 7,
    ratePerSecond: 400,
  });
}

async function expectEven(world: World, events = TITLES * MOVEMENTS): Promise<void> {
  const verdict = await world.settled(account, WITHIN_MS);
  expect({ ...verdict, repeated: [] }).toEqual({
    lost: [],
    doubled: [],
    repeated: [],
    reordered: [],
    unexplained: [],
    delivered: events,
  });
  expect(isEven(verdict)).toBe(true);
  expect(await world.compare('1', 'storm')).toEqual([]);
}

async function delivered(world: World, share: number): Promise<void> {
  const wanted = TITLES * MOVEMENTS * share;
  for (;;) {
    if ((await world.calls()).filter((call) => call.effect !== 'none').length >= wanted) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('bad weather while titles move', () => {
  let world: World;

  afterEach(() => world?.close(), 60_000);

  it('loses, doubles and reorders nothing when the connector is killed twice', async () => {
    world = await calmWorld();
    const moving = generate(world);
    for (const share of [0.2, 0.5]) {
      await delivered(world, share);
      await world.kill('customerx-connector');
      await world.start('customerx-connector');
    }
    await moving;
    await expectEven(world);
  }, 240_000);

  it('loses, doubles and reorders nothing when the reader is killed and a standby takes over', async () => {
    world = await calmWorld();
    await world.startReplica('erp-outbox-reader', 'standby');
    const moving = generate(world);
    await delivered(world, 0.2);
    await world.kill('erp-outbox-reader');
    await moving;
    await expectEven(world);
  }, 240_000);

  it('loses, doubles and reorders nothing through a rolling restart of the connector with a backlog', async () => {
    world = await calmWorld();
    const moving = generate(world);
    await delivered(world, 0.1);
    await world.startReplica('customerx-connector', 'next');
    expect(await world.stop('customerx-connector')).toBe(0);
    await delivered(world, 0.4);
    await world.start('customerx-connector');
    expect(await world.stop('next')).toBe(0);
    await moving;
    await expectEven(world);
  }, 240_000);
});

describe('bad weather below: servers of their own, killed', () => {
  it('loses, doubles and reorders nothing when RabbitMQ and then PostgreSQL are killed', async () => {
    const folder = join(tmpdir(), `ponte-storm-${randomBytes(4).toString('hex')}`);
    const stack = new PrivateStack(folder);
    const addresses = await stack.up();
    const before = { ...process.env };
    Object.assign(process.env, {
      PONTE_TEST_DATABASE_URL: addresses.adminDatabaseUrl,
      PONTE_TEST_OWNER_URL: addresses.testDatabaseUrl,
      PONTE_TEST_AMQP_URL: addresses.amqpUrl,
      PONTE_TEST_MANAGEMENT_URL: addresses.adminManagementUrl,
    });
    const world = await calmWorld();
    try {
      const half = generate(world);
      await delivered(world, 0.2);
      await stack.rabbitmq.kill();
      await stack.rabbitmq.start();
      await half;
      await world.settled(account, WITHIN_MS);
      await world.ask('sandbox', 'PUT', '/control/customerx/faults', { latencyMs: 40 });
      await world.ask('sandbox', 'POST', '/erp/generate', { companies: 1, titles: 100, movementsPerTitle: 4, seed: 8 });
      await delivered(world, 1.06);
      await stack.postgres.kill();
      await stack.postgres.start();
      await expectEven(world, TITLES * MOVEMENTS + 400);
    } finally {
      await world.close().catch(() => undefined);
      Object.assign(process.env, before);
      await stack.down();
      rmSync(folder, { recursive: true, force: true });
    }
  }, 400_000);
});
