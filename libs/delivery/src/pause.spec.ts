import { describe, expect, it } from '@jest/globals';
import { pauseMs, waitForProbe, type Pause } from './pause.js';

const NOW = new Date('2026-11-22T12:00:00Z');
const inMs = (ms: number) => new Date(NOW.getTime() + ms);

describe('A pause lasts', () => {
  it.each<[string, Pick<Pause, 'reason' | 'until'>, number | undefined]>([
    ['until it is over', { reason: 'rate-limit', until: inMs(30_000) }, 30_000],
    ['a second at least, where its end has passed', { reason: 'rate-limit', until: inMs(-5_000) }, 1_000],
    ['a minute, where a limit names no end', { reason: 'rate-limit' }, 60_000],
    ['until a person ends it, where a maintenance names no end', { reason: 'maintenance' }, undefined],
    ['until a person ends it, whatever an operator wrote', { reason: 'operator', until: inMs(1_000) }, undefined],
    ['until a probe ends it, where it is the breaker’s', { reason: 'breaker', until: inMs(1_000) }, undefined],
  ])('%s', (_, pause, expected) => {
    expect(pauseMs(pause, NOW)).toBe(expected);
  });
});

it('The wait for a probe doubles with each that failed, up to a minute, and jitter only lengthens it', () => {
  const waits = [0, 1, 2, 3, 4, 5].map((failed) => waitForProbe(failed, undefined, () => 0));
  expect(waits).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
  expect(waitForProbe(0, undefined, () => 1)).toBe(6_250);
});
