import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { eventually, isEven, sharedData } from '#libs/testing';
import { PrivateStack } from '../../tools/stack/stack.ts';
import { testEnvironment } from '../../tools/stack/test-environment.ts';
import { World } from '../world/world.ts';

const TITLES = 250;
const MOVEMENTS = 4;
const WITHIN_MS = 150_000;
const history = sharedData('data/receivables-history.csv');
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

/** Resolves when this many events, or this share of the generated ones, have had their effect at the partner. */
async function delivered(world: World, wanted: number): Promise<void> {
  const events = wanted <= 2 ? wanted * TITLES * MOVEMENTS : wanted;
  const haveEffect = async () => (await world.calls()).filter((call) => call.effect !== 'none').length >= events;
  await eventually(haveEffect, { withinMs: WITHIN_MS, everyMs: 20 });
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
  let stack: PrivateStack;
  let world: World;
  const folder = join(tmpdir(), `ponte-storm-${randomBytes(4).toString('hex')}`);
  const before = { ...process.env };

  beforeEach(async () => {
    stack = new PrivateStack(folder);
    Object.assign(process.env, testEnvironment(await stack.up()));
    world = await calmWorld();
  }, 120_000);

  afterEach(async () => {
    await world?.close().catch(() => undefined);
    Object.assign(process.env, before);
    await stack.down();
    rmSync(folder, { recursive: true, force: true });
  }, 120_000);

  it('loses, doubles and reorders nothing when RabbitMQ and then PostgreSQL are killed', async () => {
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
  }, 400_000);

  (history ? it : it.skip)(
    'loses, doubles and reorders nothing of a real history while everything is killed in turn',
    async () => {
      const rows = parse(readFileSync(history!), { columns: true, skip_empty_lines: true }) as unknown[];
      const replay = () =>
        world.ask('sandbox', 'POST', '/erp/history?company=1&source=history&ratePerSecond=250', { rows });
      // The ERP's own clerk starts over where its database went away; what was recorded is not recorded twice.
      const replayed = eventually(replay, { withinMs: WITHIN_MS, everyMs: 500 }).then(
        () => undefined,
        (error: unknown) => error,
      );
      const events = rows.length * 2;
      await world.startReplica('erp-outbox-reader', 'standby');

      await delivered(world, events * 0.1);
      await world.kill('customerx-connector');
      await world.start('customerx-connector');

      await delivered(world, events * 0.25);
      await world.kill('erp-outbox-reader');

      await delivered(world, events * 0.4);
      await stack.rabbitmq.kill();
      await stack.rabbitmq.start();

      await delivered(world, events * 0.55);
      await world.startReplica('customerx-connector', 'next');
      expect(await world.stop('customerx-connector')).toBe(0);

      await delivered(world, events * 0.7);
      await stack.postgres.kill();
      await stack.postgres.start();

      expect(await replayed).toBeUndefined();
      await expectEven(world, events);
    },
    400_000,
  );
});
