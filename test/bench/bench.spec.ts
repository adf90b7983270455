import { describe, expect, it } from '@jest/globals';
import { measureEngine } from './engine/measure-engine.ts';
import { readForm, readNumber } from './measure/form.ts';
import { plotOf } from './measure/plot.ts';
import { gatherResults, type Parts } from './measure/results.ts';
import { median, percentile, ratioOf, rounded, seriesOf } from './measure/statistics.ts';
import { tableOf } from './measure/table.ts';
import { figuresOf, isReached, type Figure } from './measure/targets.ts';
import { measureRelay } from './relay/measure-relay.ts';
import { gather } from './whole-way/gather.ts';

const say = () => undefined;

describe('the statistics', () => {
  it('take the middle one of an odd number of rounds and the mean of the middle two of an even one', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([9, 1, 5, 6])).toBe(5.5);
  });

  it('give the value that a share of all values does not pass', () => {
    const values = Array.from({ length: 200 }, (_, n) => 200 - n);
    expect(percentile(values, 0.99)).toBe(198);
    expect(percentile(values, 0.5)).toBe(100);
    expect(percentile([7], 0.99)).toBe(7);
  });

  it('divide round by round, so that a slow moment of the machine does not count for one side alone', () => {
    const ratio = ratioOf(seriesOf('/s', [100, 10, 90]), seriesOf('/s', [50, 5, 100]));
    expect(ratio).toMatchObject({ unit: '×', rounds: [2, 2, 0.9], median: 2, lowest: 0.9, highest: 2 });
  });

  it('refuse what is no measurement', () => {
    expect(() => rounded(Number.NaN)).toThrow('no measurement');
    expect(() => seriesOf('/s', [])).toThrow('no round');
    expect(() => ratioOf(seriesOf('/s', [1, 2]), seriesOf('/s', [1]))).toThrow('both sides');
  });
});

describe('the form', () => {
  it('is whole with five rounds unless told', () => {
    expect(readForm([])).toEqual({ quick: false, rounds: 5 });
    expect(readForm(['--quick'])).toEqual({ quick: true, rounds: 2 });
    expect(readForm(['--quick', '--rounds', '3'])).toEqual({ quick: true, rounds: 3 });
  });

  it('says what is wrong with a number', () => {
    expect(() => readForm(['--rounds', 'many'])).toThrow('--rounds needs');
    expect(() => readNumber(['rows=x'], 'rows', 5)).toThrow('rows= needs');
    expect(readNumber(['rows=7'], 'rows', 5)).toBe(7);
  });
});

it('hands on together what came while the batch before was at work', async () => {
  const batches: number[][] = [];
  const give = gather<number>(async (batch) => void batches.push(batch));
  for (const n of [1, 2, 3]) give(n);
  await new Promise(setImmediate);
  give(4);
  await new Promise(setImmediate);
  expect(batches).toEqual([[1, 2, 3], [4]]);
});

describe('the results', () => {
  it('have every figure that is to be reached, with its spread, where it can be looked up', () => {
    const results = gatherResults([partsOf(2)], {
      now: new Date('2026-11-22T10:00:00Z'),
      form: { quick: true, rounds: 3 },
      minutes: 4.26,
      machine: { cpu: 'a cpu', cores: 2, memoryGb: 8, platform: 'linux x64' },
      versions: { node: 'v24.0.0' },
    });
    expect(results).toMatchObject({
      measuredOn: '2026-11-22',
      form: 'quick',
      rounds: 3,
      minutes: 4.3,
      relay: { ratioToLimit: 2, ratioToPgTransactionalOutbox: 2 },
      engine: { ratioToGraphileWorkerQueues: { ratioAtOne: 2, ratioAtFive: 3 } },
      wholeWay: { ratioToStraightLine: 2, ratioToPlainNest: 2 },
      latencyMs: { at50: { p50: 2, p99: 3 } },
      claim: { ratio1MTo10k: 2 },
      memoryMb: { audit: { idle: 2, load: 3 } },
      startMs: { audit: { median: 2 } },
    });
    const figures = figuresOf(results);
    expect(figures).toHaveLength(17);
    const others = figures.filter(({ value }) => value !== 2).map(({ name }) => name);
    expect(others).toEqual([
      'engine at five, to graphile-worker',
      'latency at 50/s, p99',
      'the same, told of commits, p99',
      'erp-outbox-reader, under load',
      'customerx-connector, under load',
      'audit, under load',
    ]);
  });

  it('leave out what was not measured', () => {
    expect(figuresOf({})).toEqual([]);
  });
});

describe('the table and the plot', () => {
  const figures: Figure[] = [
    {
      name: 'relay <of> the & limit',
      unit: '×',
      value: 0.9,
      spread: { lowest: 0.8, highest: 1 },
      target: 0.85,
      atMost: false,
    },
    { name: 'p99', unit: 'ms', value: 130, target: 120, atMost: true },
  ];

  it('say which figures are reached, by more or by less', () => {
    expect(figures.map(isReached)).toEqual([true, false]);
    const lines = tableOf(figures).split('\n');
    expect(lines[1]).toMatch(/0\.9 ×\s+0\.8 – 1\s+≥ 0\.85 ×\s+reached$/);
    expect(lines[2]).toMatch(/130 ms\s+≤ 120 ms\s+not reached$/);
  });

  it('is well-formed, with a bar for each figure, a spread where there is one, and the target', () => {
    const svg = plotOf(figures, 'Ponte <1> & more');
    expect(openElements(svg)).toEqual([]);
    expect(svg.match(/<rect x=/g)).toHaveLength(2);
    expect(svg.match(/stroke-width="2"/g)).toHaveLength(1);
    expect(svg).toContain('relay &lt;of&gt; the &amp; limit');
    expect(svg.match(/stroke-dasharray/g)).toHaveLength(1);
  });
});

describe('a tiny round', () => {
  it('of the relay carries every row by each of the four ways', async () => {
    const relay = await measureRelay({ rows: 300, titles: 100, peerRows: 40, rounds: 1, say });
    for (const way of [relay.limit, relay.ponte]) expect(way.median).toBeGreaterThan(0);
    expect(relay.pgTransactionalOutboxPolling.median).toBeGreaterThan(0);
    expect(relay.pgTransactionalOutboxReplication.median).toBeGreaterThan(0);
    expect(relay.ratioToLimit).toBeCloseTo(relay.ponte.median / relay.limit.median, 1);
  }, 180_000);

  it('of the engine settles every delivery, beside named queues that keep order', async () => {
    const engine = await measureEngine({ shapes: [{ lanes: 20, each: 5 }], rounds: 1, say });
    const [shape] = engine.shapes;
    expect(shape!.ponteAtOne.median).toBeGreaterThan(0);
    expect(shape!.graphileWorkerInOrder.median).toBeGreaterThan(0);
    expect(engine.ratioToGraphileWorkerQueues.ratioAtFive).toBe(shape!.ratioAtFive.median);
  }, 180_000);
});

/** Every measurement's part, with `value` for each figure, and one more for the second of two that could be mistaken. */
function partsOf(value: number): Parts {
  const series = seriesOf('×', [value, value, value]);
  const more = value + 1;
  const moreByRound = seriesOf('×', [more, more, more]);
  const memory = { idle: value, load: more, idleByRound: series, loadByRound: moreByRound };
  const latency = { p50: value, p99: more, titles: 1, p50ByRound: series, p99ByRound: moreByRound };
  const perApp = <T>(each: T) => ({ 'erp-outbox-reader': each, 'customerx-connector': each, audit: each });
  return {
    relay: {
      rows: 1,
      peerRows: 1,
      bytesPerEvent: 1,
      unconfirmed: 1,
      limit: series,
      ponte: series,
      pgTransactionalOutboxPolling: series,
      pgTransactionalOutboxReplication: series,
      ratioToLimit: value,
      ratioToLimitByRound: series,
      ratioToPgTransactionalOutbox: value,
      ratioToPgTransactionalOutboxByRound: series,
    },
    engine: {
      shapes: [],
      ratioToGraphileWorkerQueues: { ratioAtOne: value, ratioAtFive: more },
      ratioToGraphileWorkerQueuesInOrder: { ratioAtOne: value, ratioAtFive: value },
    },
    wholeWay: {
      titles: 1,
      straightLine: series,
      ponte: series,
      plainNest: series,
      ratioToStraightLine: value,
      ratioToStraightLineByRound: series,
      ratioToPlainNest: value,
      ratioToPlainNestByRound: series,
    },
    latencyMs: { idle: latency, at50: latency, at500: latency, at50Told: latency },
    claim: { lanesPerClaim: 200, ms: [], ratio1MTo10k: value, ratio1MTo10kByRound: series },
    memoryMb: perApp(memory),
    startMs: perApp(series),
  };
}

/** Tags that were opened and never closed, or closed and never opened, of text whose every `<` is a tag's. */
function openElements(xml: string): string[] {
  const open: string[] = [];
  for (const [, closing, name, , empty] of xml.matchAll(/<(\/?)([a-z]+)((?: [\w:-]+="[^"<>&]*")*)\s*(\/?)>/g)) {
    if (closing && open.pop() !== name) open.push(`/${name}`);
    else if (!closing && !empty) open.push(name!);
  }
  const tags = xml.match(/</g)?.length;
  const read = xml.match(/<\/?[a-z]+(?: [\w:-]+="[^"<>&]*")*\s*\/?>/g)?.length;
  return tags === read ? open : [...open, 'a tag that cannot be read'];
}
