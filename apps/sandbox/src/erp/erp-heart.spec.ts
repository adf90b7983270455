import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ManualClock } from '#libs/runtime';
import { eventually, privateDatabase, type PrivateDatabase } from '#libs/testing';
import { ErpHeart } from './erp-heart.js';
import { Erp } from './erp.js';

let database: PrivateDatabase;
let erp: Erp;

beforeAll(async () => {
  database = await privateDatabase();
  erp = await Erp.open(database.url);
});
afterAll(async () => {
  await erp?.close();
  await database?.drop();
});

const lastBeat = async () =>
  (await erp.pool.query(`select beat_at::text as at, every_seconds as every from erp_outbox_heartbeat`)).rows[0];

test('the ERP beats every minute though there is nothing to do, also after its database was away, until it stops', async () => {
  const clock = new ManualClock();
  const heart = new ErpHeart(erp, clock);
  heart.start();
  await eventually(() => clock.sleeping === 1);
  const first = await lastBeat();
  expect(first.every).toBe(60);

  await erp.pool.query('alter table erp_outbox_heartbeat rename to away');
  clock.advance(60_000);
  await eventually(() => clock.sleeping === 1);
  await erp.pool.query('alter table away rename to erp_outbox_heartbeat');
  expect(await lastBeat()).toEqual(first);

  clock.advance(60_000);
  await eventually(() => clock.sleeping === 1);
  expect((await lastBeat()).at > first.at).toBe(true);

  await heart.stop();
  expect(clock.sleeping).toBe(0);
});
