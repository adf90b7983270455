import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { eventually, startChildApp, type ChildApp } from '#libs/testing';
import { InboxWorld, QUEUE, resultOf } from '../test/inbox-world.js';

let world: InboxWorld;
const running: ChildApp[] = [];

beforeAll(async () => {
  world = await InboxWorld.open();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((app) => app.kill()));
  await world.clear();
});
afterAll(() => world.close());

const PATIENTLY = { withinMs: 60_000 };
const TEST_MS = 240_000;

async function start(more: Record<string, string> = {}): Promise<ChildApp> {
  const { HTTP_PORT: _http, OPS_PORT: _ops, ...env } = world.environment;
  const app = await startChildApp({ app: 'erp-inbox-writer', env: { ...env, ...more } });
  running.push(app);
  return app;
}

/** 300 results of 10 subjects, in their order. */
async function publishMany() {
  const results = Array.from({ length: 300 }, (_, n) =>
    resultOf('delivery.parked.v1', (event) => (event.subject = `delivery/${n % 10}`)),
  );
  await world.publish(...results);
  return results.map(({ id }) => id);
}

async function untilWritten(ids: string[]): Promise<void> {
  await eventually(async () => {
    const written = (await world.rows()).map(({ id }) => id);
    expect(written).toEqual(ids);
  }, PATIENTLY);
  await eventually(async () => expect(await world.waiting(QUEUE)).toBe(0), PATIENTLY);
}

test.each(['after-commit-before-ack', 'after-insert-before-commit'])(
  'killed at %s, it writes each result once and in order when it is started again',
  async (point) => {
    const armed = await start({ FAULT_POINT: `${point}:kill` });
    const ids = await publishMany();
    await eventually(() => armed.logs().includes(`fault point ${point} reached: kill`), PATIENTLY);
    const left = (await world.rows()).length;
    expect(left > 0).toBe(point === 'after-commit-before-ack');
    const next = await start();
    await untilWritten(ids);
    const metrics = await (await fetch(`${next.opsUrl}/metrics`)).text();
    expect(metrics).toContain(`ponte_inbox_duplicates_total{app="erp-inbox-writer"} ${left}`);
  },
  TEST_MS,
);

test(
  'a writer that is halted with a batch committed is followed by the standby; when it wakes, nothing is doubled',
  async () => {
    const amqp = new URL(world.environment.AMQP_URL!);
    amqp.searchParams.set('heartbeat', '3'); // the broker misses a halted process after twice this long
    const halting = await start({ FAULT_POINT: 'after-commit-before-ack:stop', AMQP_URL: amqp.href });
    const ids = await publishMany();
    await eventually(() => halting.logs().includes('fault point after-commit-before-ack reached: stop'), PATIENTLY);
    await start();
    await untilWritten(ids);
    process.kill(halting.pid, 'SIGCONT');
    const more = await publishMany();
    await untilWritten([...ids, ...more]);
  },
  TEST_MS,
);

test('it says at its start what its login may do besides, and ends with 0 when it is asked to', async () => {
  await world.erp.query(`create table secrets (n int); grant select on secrets to ${world.login}`);
  const app = await start();
  const line = app.logs().find((one) => one.includes('inbox.rights-warning'));
  await world.erp.query('drop table secrets');
  expect(line).toContain("may also use public.secrets in the ERP's database: revoke it");
  expect(await app.stop()).toBe(0);
});
