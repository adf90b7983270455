import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { eventually, startChildApp, type ChildApp } from '#libs/testing';
import { BackfillWorld, type ToldEvent } from '../../test/backfill-world.js';

let world: BackfillWorld;
const running: ChildApp[] = [];

beforeAll(async () => {
  world = await BackfillWorld.open();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((app) => app.kill()));
  await world.clear();
  await world.reader.endLease();
});
afterAll(() => world.close());

async function start(): Promise<ChildApp> {
  const { HTTP_PORT: _http, OPS_PORT: _ops, ...env } = world.reader.environment;
  const more = { NODE_ENV: 'production', BACKFILL_ROWS_PER_SECOND: '1000' };
  const app = await startChildApp({ app: 'erp-outbox-reader', env: { ...env, ...more } });
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

const snapshotsOf = (told: ToldEvent[]) => told.filter(({ type }) => type === 'erp.receivable.snapshot.v1');

/** What an inbox makes of it: each id once, in the order of first arrival. */
function once(told: ToldEvent[]): ToldEvent[] {
  return [...new Map(told.map((event) => [event.id, event])).values()];
}

/** Every title once, between the marks, of which there is one each; repeats are those of one chunk at the most. */
function expectWalk(told: ToldEvent[], titles: number): void {
  const walk = once(told);
  expect(walk.map(({ type }) => type.split('.')[2]).filter((word) => word !== 'snapshot')).toEqual([
    'started',
    'finished',
  ]);
  expect(walk[0]?.type).toBe('ponte.backfill.started.v1');
  expect(walk.at(-1)?.type).toBe('ponte.backfill.finished.v1');
  expect(new Set(snapshotsOf(walk).map(({ subject }) => subject)).size).toBe(titles);
  expect(snapshotsOf(walk)).toHaveLength(titles);
  expect(told.length - walk.length).toBeLessThanOrEqual(500);
}

test('a walk goes on where it was when the reader that walked is killed, and repeats one chunk at the most', async () => {
  const told = await world.listen();
  await world.fill(3_000);
  const first = await start();
  await eventually(() => isLeading(first));
  const { id } = await world.start(first);
  await eventually(() => snapshotsOf(told).length > 1_100);
  await first.kill('SIGKILL');
  const next = await start();
  const done = await world.ended(next, id);
  expect(done).toMatchObject({ state: 'finished', rows: 3_000, skipped: 0 });
  await eventually(() => once(told).length === 3_002);
  expectWalk(told, 3_000);
  expect(next.logs().some((line) => line.includes('backfill.resumed'))).toBe(true);
});

test('the standby goes on with the walk of a leader that stands still; when that one wakes, it leaves the walk alone', async () => {
  const told = await world.listen();
  await world.fill(3_000);
  const leader = await start();
  await eventually(() => isLeading(leader));
  const standby = await start();
  const { id } = await world.start(standby);
  await eventually(() => snapshotsOf(told).length > 600);
  process.kill(leader.pid, 'SIGSTOP');
  await eventually(() => isLeading(standby), { withinMs: 20_000, everyMs: 100 });
  await eventually(() => snapshotsOf(once(told)).length > 1_500);
  process.kill(leader.pid, 'SIGCONT');
  expect(await world.ended(standby, id)).toMatchObject({ state: 'finished', rows: 3_000 });
  await eventually(() => once(told).length === 3_002);
  await eventually(async () => !(await isLeading(leader)));
  expectWalk(told, 3_000);
});

test('a row that changes between a crash and the repeat is told again as it is now, under another id', async () => {
  const told = await world.listen();
  await world.fill(2_000);
  const first = await start();
  await eventually(() => isLeading(first));
  const { id } = await world.start(first);
  await eventually(() => snapshotsOf(told).length > 700);
  await first.kill('SIGKILL');
  const { lastId } = await (async () => {
    const next = await start();
    const seen = await world.look(next, id);
    await next.kill('SIGKILL');
    await world.reader.endLease();
    return seen;
  })();
  const repeated = snapshotsOf(told).find(({ subject }) => subject > `receivable/${lastId}`)!;
  await world.change(repeated.subject.replace('receivable/', ''), { sequence: 2, disputed: true });
  const last = await start();
  await world.ended(last, id);
  const versions = once(snapshotsOf(told).filter(({ subject }) => subject === repeated.subject));
  expect(versions.map(({ data, sequence }) => [sequence, data['disputed']])).toEqual([
    ['1', false],
    ['2', true],
  ]);
});
