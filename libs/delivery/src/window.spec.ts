import { describe, expect, it } from '@jest/globals';
import { nextWindow, windowOf } from './window.js';

const ZONE = 'America/Sao_Paulo';
const HOUR = 3_600;
const DAY = 24 * HOUR;
const at = (iso: string) => new Date(iso);

/** Windows one after the other, as the cadence fires them. */
function windowsFrom(start: string, everySeconds: number, count: number, zone = ZONE): [string, string][] {
  const found: [string, string][] = [];
  for (let after = at(start); found.length < count;) {
    const window = nextWindow(after, everySeconds, zone);
    found.push([window.local, window.opensAt.toISOString()]);
    after = window.opensAt;
  }
  return found;
}

describe('The next window', () => {
  it('lies on the wall clock of the branch, counted from its midnight', () => {
    expect(nextWindow(at('2026-11-22T15:10:00Z'), 2 * HOUR, ZONE)).toEqual({
      local: '2026-11-22T14:00',
      opensAt: at('2026-11-22T17:00:00Z'),
    });
  });

  it('comes after an instant that is itself a window', () => {
    expect(nextWindow(at('2026-11-22T17:00:00Z'), 2 * HOUR, ZONE).local).toBe('2026-11-22T16:00');
  });

  it('every day opens at local midnight', () => {
    expect(windowsFrom('2026-11-22T15:10:00Z', DAY, 2)).toEqual([
      ['2026-11-23T00:00', '2026-11-23T03:00:00.000Z'],
      ['2026-11-24T00:00', '2026-11-24T03:00:00.000Z'],
    ]);
  });

  it('of a period that does not divide the day begins anew at midnight', () => {
    const names = windowsFrom('2026-11-22T03:00:00Z', 5 * HOUR, 6).map(([local]) => local);
    expect(names.map((local) => local.slice(11))).toEqual(['05:00', '10:00', '15:00', '20:00', '00:00', '05:00']);
  });

  it.each([
    ['2026-11-22T03:30:00Z', '2026-11-21T01:00', '2026-11-22T01:00'],
    ['2026-11-22T04:00:00Z', '2026-11-22T01:00', '2026-11-23T01:00'],
    ['2026-11-22T15:10:00Z', '2026-11-22T01:00', '2026-11-23T01:00'],
  ])('every day from 01:00 belongs, at %s, to %s, and %s comes next', (instant, current, next) => {
    expect(windowOf(at(instant), DAY, ZONE, HOUR).local).toBe(current);
    expect(nextWindow(at(instant), DAY, ZONE, HOUR).local).toBe(next);
  });

  it('of two hours from 01:00 opens at the odd hours', () => {
    expect(nextWindow(at('2026-11-22T15:10:00Z'), 2 * HOUR, ZONE, HOUR).local).toBe('2026-11-22T13:00');
    expect(windowOf(at('2026-11-22T03:30:00Z'), 2 * HOUR, ZONE, HOUR).local).toBe('2026-11-21T23:00');
  });

  it('may lie within the minute', () => {
    expect(nextWindow(at('2026-11-22T15:10:00Z'), 90, ZONE).local).toBe('2026-11-22T12:10:30');
  });

  it('in a zone nobody knows is refused, and not looked for without end', () => {
    expect(() => nextWindow(at('2026-11-22T15:10:00Z'), HOUR, 'America/Atlantis')).toThrow(RangeError);
  });
});

describe('On 4 November 2018, when the clocks of São Paulo went from 23:59:59 to 01:00', () => {
  it('hourly windows skip 00:00 by opening it with the first instant there is', () => {
    expect(windowsFrom('2018-11-04T02:30:00Z', HOUR, 3)).toEqual([
      ['2018-11-04T00:00', '2018-11-04T03:00:00.000Z'],
      ['2018-11-04T02:00', '2018-11-04T04:00:00.000Z'],
      ['2018-11-04T03:00', '2018-11-04T05:00:00.000Z'],
    ]);
  });

  it('a daily window opens at 01:00 under the name of midnight', () => {
    expect(windowsFrom('2018-11-03T12:00:00Z', DAY, 2)).toEqual([
      ['2018-11-04T00:00', '2018-11-04T03:00:00.000Z'],
      ['2018-11-05T00:00', '2018-11-05T02:00:00.000Z'],
    ]);
  });

  it('the window of 02:00 is the same one on every replica', () => {
    expect(windowOf(at('2018-11-04T04:10:00Z'), 2 * HOUR, ZONE)).toEqual({
      local: '2018-11-04T02:00',
      opensAt: at('2018-11-04T04:00:00Z'),
    });
  });
});

describe('In the night to 17 February 2019, when 23:00 to 23:59 came twice', () => {
  it('hourly windows open 23:00 the first time only', () => {
    expect(windowsFrom('2019-02-17T00:30:00Z', HOUR, 3)).toEqual([
      ['2019-02-16T23:00', '2019-02-17T01:00:00.000Z'],
      ['2019-02-17T00:00', '2019-02-17T03:00:00.000Z'],
      ['2019-02-17T01:00', '2019-02-17T04:00:00.000Z'],
    ]);
  });

  it('half-hourly windows do too', () => {
    expect(windowsFrom('2019-02-17T00:45:00Z', HOUR / 2, 3)).toEqual([
      ['2019-02-16T23:00', '2019-02-17T01:00:00.000Z'],
      ['2019-02-16T23:30', '2019-02-17T01:30:00.000Z'],
      ['2019-02-17T00:00', '2019-02-17T03:00:00.000Z'],
    ]);
  });

  it('asked in the second of the two hours, the next is midnight', () => {
    expect(nextWindow(at('2019-02-17T02:10:00Z'), HOUR / 2, ZONE).local).toBe('2019-02-17T00:00');
  });

  it('an instant of the second hour belongs to a window whose name is taken', () => {
    expect(windowOf(at('2019-02-17T02:10:00Z'), HOUR, ZONE).local).toBe('2019-02-16T23:00');
  });
});

it('Across the changes of many zones windows rise, never repeat a name, and each instant belongs to the last opened', () => {
  for (const zone of [ZONE, 'Europe/Lisbon', 'Australia/Lord_Howe', 'Asia/Beirut']) {
    for (const start of ['2018-03-20', '2018-10-01', '2018-10-25', '2019-02-14']) {
      const windows = windowsFrom(`${start}T00:00:00Z`, 3 * HOUR, 90, zone);
      expect(new Set(windows.map(([local]) => local)).size).toBe(windows.length);
      for (const [local, opensAt] of windows.slice(0, -1)) {
        const instant = at(opensAt);
        expect(windowOf(instant, 3 * HOUR, zone).opensAt.getTime()).toBeLessThanOrEqual(instant.getTime());
        expect([local, windows.find(([, other]) => other === opensAt)![0]]).toContain(
          windowOf(instant, 3 * HOUR, zone).local,
        );
      }
    }
  }
});
