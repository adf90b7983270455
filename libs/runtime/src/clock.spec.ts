import { describe, expect, it } from '@jest/globals';
import { SystemClock } from './clock.js';
import { ManualClock } from './manual-clock.js';

describe('ManualClock', () => {
  it('stands still until it is advanced, and wakes sleepers in the order of their hour', async () => {
    const clock = new ManualClock(new Date('2026-07-01T12:00:00Z'));
    const woken: string[] = [];
    const late = clock.sleep(2_000).then(() => woken.push('late'));
    const early = clock.sleep(1_000).then(() => woken.push('early'));
    clock.advance(999);
    await Promise.resolve();
    expect([clock.sleeping, woken]).toEqual([2, []]);
    clock.advance(1_001);
    await Promise.all([late, early]);
    expect(woken).toEqual(['early', 'late']);
    expect([clock.now().toISOString(), clock.monotonicMs()]).toEqual(['2026-07-01T12:00:02.000Z', 2_000]);
  });

  it('lets a sleeper go when its signal aborts', async () => {
    const clock = new ManualClock();
    const abort = new AbortController();
    const asleep = clock.sleep(60_000, abort.signal);
    abort.abort();
    await asleep;
    expect(clock.sleeping).toBe(0);
  });
});

describe('SystemClock', () => {
  it('ends a sleep at once when its signal aborts, before or during it', async () => {
    const clock = new SystemClock();
    const abort = new AbortController();
    const asleep = clock.sleep(60_000, abort.signal);
    abort.abort();
    await asleep;
    await clock.sleep(60_000, abort.signal);
    expect(abort.signal.aborted).toBe(true);
  });

  it('never runs backwards on the monotonic side', async () => {
    const clock = new SystemClock();
    const before = clock.monotonicMs();
    await clock.sleep(5);
    expect(clock.monotonicMs() - before).toBeGreaterThanOrEqual(4);
  });
});
