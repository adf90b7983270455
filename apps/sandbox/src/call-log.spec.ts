import { describe, expect, it } from '@jest/globals';
import { CallLog, type Effect } from './call-log.js';

describe('the log of calls', () => {
  it('counts calls, and apart from them their effects', () => {
    const log = new CallLog(10);
    const effects: Effect[] = ['none', 'created', 'unchanged', 'changed', 'deleted'];
    for (const effect of effects) add(log, effect);
    expect(log.all().map(({ n, effectNumber }) => [n, effectNumber])).toEqual([
      [1, undefined],
      [2, 1],
      [3, undefined],
      [4, 2],
      [5, 3],
    ]);
  });

  it('counts the effects of what one call carries, in their order', () => {
    const log = new CallLog(10);
    const items = (['created', 'none', 'changed'] as const).map((effect, at) => ({
      resource: 'x',
      externalId: `${at}`,
      effect,
    }));
    log.add({
      at: '2026-07-01T12:00:00Z',
      verb: 'POST',
      path: '/x',
      body: '',
      effect: 'created',
      effects: items,
      status: 202,
    });
    expect(log.all()[0]).toMatchObject({
      effectNumber: 1,
      effects: [{ effectNumber: 2 }, { effectNumber: undefined }, { effectNumber: 3 }],
    });
    expect(add(log, 'created').effectNumber).toBe(4);
  });

  it('gives the same hash to the same body, and another to another', () => {
    const log = new CallLog(10);
    for (const body of ['{"a":1}', '{"a":1}', '{"a":2}']) add(log, 'none', body);
    const [first, second, third] = log.all().map(({ bodyHash }) => bodyHash);
    expect(first).toBe(second);
    expect(first).not.toBe(third);
  });

  it('is read page by page', () => {
    const log = new CallLog(10);
    for (let at = 0; at < 5; at++) add(log, 'none');
    const first = log.page(0, 3);
    expect([first.items.map(({ n }) => n), first.next, first.total]).toEqual([[1, 2, 3], 3, 5]);
    const second = log.page(first.next!, 3);
    expect([second.items.map(({ n }) => n), second.next]).toEqual([[4, 5], undefined]);
    expect(log.page(5, 3).items).toEqual([]);
  });

  it('keeps the newest when it is full, and says how many it dropped', () => {
    const log = new CallLog(3);
    for (let at = 0; at < 8; at++) add(log, 'created');
    const page = log.page(0, 100);
    expect([page.items.map(({ n, effectNumber }) => [n, effectNumber]), page.total, page.dropped]).toEqual([
      [
        [6, 6],
        [7, 7],
        [8, 8],
      ],
      8,
      5,
    ]);
  });

  it('begins anew when it is cleared', () => {
    const log = new CallLog(3);
    add(log, 'created');
    log.clear();
    expect(log.page(0, 10)).toEqual({ items: [], next: undefined, total: 0, dropped: 0 });
    expect(add(log, 'created')).toMatchObject({ n: 1, effectNumber: 1 });
  });
});

function add(log: CallLog, effect: Effect, body = '') {
  return log.add({ at: '2026-07-01T12:00:00Z', verb: 'PUT', path: '/x', body, effect, status: 200 });
}
