import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { eventually, startChildApp, type ChildApp } from '#libs/testing';
import { ReaderWorld, type TakenEvent } from '../test/reader-world.js';

let world: ReaderWorld;
const running: ChildApp[] = [];

beforeAll(async () => {
  world = await ReaderWorld.open();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((app) => app.kill()));
  await world.clear();
  await world.endLease();
});
afterAll(() => world.close());

async function start(more: Record<string, string> = {}): Promise<ChildApp> {
  const { HTTP_PORT: _http, OPS_PORT: _ops, ...env } = world.environment;
  const app = await startChildApp({ app: 'erp-outbox-reader', env: { ...env, NODE_ENV: 'production', ...more } });
  running.push(app);
  return app;
}

interface Ready {
  details: { relay: { leading: boolean } };
}

async function isLeading({ opsUrl }: ChildApp): Promise<boolean> {
  const answer = await fetch(`${opsUrl}/health/ready`, { signal: AbortSignal.timeout(1_000) });
  return ((await answer.json()) as Ready).details.relay.leading;
}

/** Every row arrived; per title the first arrivals rise. */
function expectAll(taken: TakenEvent[], rows: number): void {
  const last = new Map<string, number>();
  const seen = new Set<string>();
  for (const { id, subject, n } of taken) {
    if (seen.has(id)) continue;
    seen.add(id);
    expect(n).toBeGreaterThan(last.get(subject) ?? 0);
    last.set(subject, n);
  }
  expect(seen.size).toBe(rows);
}

test('a leader that is stopped is followed by the standby; when it wakes, nothing is inverted', async () => {
  const taken = await world.listen();
  const leader = await start();
  await eventually(() => isLeading(leader));
  const standby = await start();
  await world.writeMany(3_000, 60);
  await eventually(() => taken.length > 100);
  process.kill(leader.pid, 'SIGSTOP');
  await eventually(() => isLeading(standby), { withinMs: 20_000, everyMs: 100 });
  process.kill(leader.pid, 'SIGCONT');
  await world.allPublished();
  await eventually(() => new Set(taken.map(({ id }) => id)).size === 3_000);
  await eventually(async () => !(await isLeading(leader)));
  expectAll(taken, 3_000);
});

test('a leader that is killed loses nothing: what it had sent and not marked is sent again, under the same id', async () => {
  const taken = await world.listen();
  const leader = await start();
  await eventually(() => isLeading(leader));
  await world.writeMany(3_000, 60);
  await eventually(() => taken.length > 100);
  await leader.kill('SIGKILL');
  await start();
  await world.allPublished(30_000);
  await eventually(() => new Set(taken.map(({ id }) => id)).size === 3_000);
  expectAll(taken, 3_000);
});

test('asked to end, it marks what was confirmed, gives up its lease and exits with 0', async () => {
  const taken = await world.listen();
  const leader = await start();
  await eventually(() => isLeading(leader));
  await world.writeMany(2_000, 60);
  await eventually(() => taken.length > 100);
  expect(await leader.stop()).toBe(0);
  const published = 2_000 - (await world.unpublished());
  await eventually(() => taken.length === published);
  const next = await start();
  await eventually(() => isLeading(next), { withinMs: 5_000 });
  await world.allPublished();
  await eventually(() => taken.length === 2_000);
  expectAll(taken, 2_000);
});

test('a login that may do more than read and mark is taken, with a warning that names what to revoke', async () => {
  await world.listen();
  const app = await start({ ERP_DATABASE_URL: world.ownerUrl });
  const line = app.logs().find((one) => one.includes('reader.outbox-warning'));
  expect(line).toContain(
    'this login may do more to erp_outbox than read and mark (insert; delete; truncate; update of',
  );
});

test('one line per notice: who leads, what pauses, what resumes', async () => {
  const app = await start();
  await world.write('4711-2', 1);
  await eventually(() => app.logs().some((line) => line.includes('relay.paused') && line.includes('unroutable')));
  await world.listen();
  await eventually(() => app.logs().some((line) => line.includes('relay.resumed') && line.includes('unroutable')));
  expect(app.logs().filter((line) => line.includes('relay.leading'))).toHaveLength(1);
  expect(app.logs().filter((line) => line.includes('"cause":"unroutable"') && line.includes('paused'))).toHaveLength(1);
});
