import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { delivered, refused, unavailable } from '#libs/contracts';
import { eventually, privateDatabase, type PrivateDatabase } from '#libs/testing';
import { Ledger, LEDGER } from '../test/ledger.js';
import { movement, state } from '../test/scripted-planner.js';

let database: PrivateDatabase;
let ledger: Ledger;

beforeAll(async () => {
  database = await privateDatabase(LEDGER);
});
beforeEach(async () => {
  ledger = await Ledger.open(database);
});
afterEach(() => ledger.close());
afterAll(() => database.drop());

it('The sweeper finds nothing after a day of mixed work', async () => {
  const engine = await ledger.engine();
  const answers = [delivered(), delivered(), unavailable('HTTP 503'), refused('HTTP 422')];
  let count = 0;
  ledger.courier.limits = { attempts: 3, deadlineMs: 2_000, waitsMs: [0, 3_600_000] };
  ledger.courier.script = () => answers[count++ % answers.length]!;
  await ledger.setCadence(engine, { integrationId: '2', everySeconds: 3_600, zone: 'America/Sao_Paulo' });
  engine.start();
  for (let n = 0; n < 40; n += 1) {
    const kind = n % 3 === 0 ? state : movement;
    const after = n % 7 === 0 ? [`lane-${(n + 3) % 10}`] : [];
    await ledger.schedule(
      engine,
      [kind(`lane-${n % 10}`, { n }, { after, priority: n % 11 === 0 ? 1 : 0 })],
      n % 2 ? '1' : '2',
    );
  }
  await eventually(() => engine.lanesInHand === 0 && ledger.courier.calls.length > 10);
  for (const { position } of (await ledger.open()).filter((row) => row.state === 'parked').slice(0, 3))
    await engine.deliveries.skip(position, 'rui', 'tidying up');
  await engine.stop();
  expect(await engine.sweep()).toEqual({ mended: [], done: true });
});

it('The sweeper mends a lane of which something wrong is said, and says which', async () => {
  const mended: string[] = [];
  const engine = await ledger.engine({ onMended: (lanes) => mended.push(...lanes) });
  await ledger.schedule(engine, [movement('asleep'), movement('sound')]);
  await ledger.rows(`update lane set waits_for = 'person', ready_at = null where key = 'asleep'`);
  const [asleep] = await ledger.lanes();
  expect((await engine.sweep()).mended).toEqual([asleep!.id]);
  expect(mended).toEqual([asleep!.id]);
  expect(await ledger.lanes()).toMatchObject([{ waits_for: 'nothing' }, { waits_for: 'nothing' }]);
});

it('The sweeper looks at those that wait for another lane at every step, wherever it is in its walk', async () => {
  const engine = await ledger.engine();
  await ledger.schedule(
    engine,
    Array.from({ length: 600 }, (_, n) => movement(`lane-${n}`)),
  );
  await ledger.schedule(engine, [movement('customer'), movement('title', {}, { after: ['customer'] })]);
  await ledger.rows(`delete from delivery where lane_id = (select id from lane where key = 'customer')`);
  const { mended, done } = await engine.sweep();
  expect(done).toBe(false);
  const [title] = (await ledger.lanes()).filter(({ key }) => key === 'title');
  expect(mended).toEqual([title!.id]);
  while (!(await engine.sweep()).done);
});

it('The sweeper walks all lanes, some at a time, and begins again', async () => {
  const engine = await ledger.engine();
  await ledger.schedule(
    engine,
    Array.from({ length: 1_100 }, (_, n) => movement(`lane-${n}`)),
  );
  await ledger.rows(`update lane set priority = 1 where id = (select max(id) from lane)`);
  const steps = [await engine.sweep(), await engine.sweep(), await engine.sweep()];
  expect(steps.map(({ mended, done }) => [mended.length, done])).toEqual([
    [0, false],
    [0, false],
    [1, true],
  ]);
  await ledger.rows(`update lane set priority = 1 where id = (select min(id) from lane)`);
  expect((await engine.sweep()).mended).toHaveLength(1);
});
