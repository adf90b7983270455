import { describe, expect, it } from '@jest/globals';
import { delivered, refused, unavailable, unknown } from '#libs/contracts';
import { judge, parkAsOurBug, type Circumstances } from './verdict.js';

const NOW = new Date('2026-11-22T12:00:00Z');
const usual: Circumstances = {
  limits: { attempts: 3, deadlineMs: 30_000 },
  paused: false,
  continuesAfterRefusal: false,
  now: NOW,
};
const paused = { ...usual, paused: true };
const free = { kind: 'kept', state: 'pending', waitMs: null, counted: false };
const first = { attempts: 0 };
const last = { attempts: 2 };

describe('An outcome', () => {
  it.each([
    ['delivered is final', delivered('cx-1', 'ok'), usual, { kind: 'final', state: 'delivered', reference: 'cx-1' }],
    ['refused waits for a person', refused('HTTP 422'), usual, { kind: 'kept', state: 'parked', counted: true }],
    [
      'refused is final where the lane may go on',
      refused('HTTP 404'),
      { ...usual, continuesAfterRefusal: true },
      { kind: 'final', state: 'refused' },
    ],
    ['unavailable is tried again', unavailable('HTTP 503'), usual, { kind: 'kept', state: 'pending', counted: true }],
    ['unknown is tried again', unknown('reset'), usual, { kind: 'kept', state: 'pending', counted: true }],
    ['unavailable while the endpoint is paused costs nothing', unavailable('HTTP 503'), paused, free],
    ['unknown while the endpoint is paused costs nothing', unknown('reset'), paused, free],
    ['refused while the endpoint is paused is refused all the same', refused('HTTP 422'), paused, { state: 'parked' }],
  ])('%s', (_, outcome, about, expected) => {
    expect(judge(outcome, first, about)).toMatchObject(expected);
  });

  it('unavailable after the last attempt waits for a person', () => {
    expect(judge(unavailable('HTTP 503'), last, usual)).toEqual({
      kind: 'kept',
      state: 'parked',
      reason: 'given up after 3 attempts: HTTP 503',
      waitMs: null,
      counted: true,
    });
  });

  it('unavailable until a later time waits for it, and never less than its turn', () => {
    const inAnHour = new Date(NOW.getTime() + 3_600_000);
    expect(judge(unavailable('busy', { retryAt: inAnHour }), first, usual)).toMatchObject({ waitMs: 3_600_000 });
    const verdict = judge(unavailable('busy', { retryAt: new Date(0) }), first, usual) as { waitMs: number };
    expect(verdict.waitMs).toBeGreaterThanOrEqual(1_000);
  });

  it('that is an exception is parked as our bug, whatever was thrown', () => {
    expect(parkAsOurBug(new RangeError('too far'))).toMatchObject({ reason: 'a mistake of ours: RangeError: too far' });
    expect(parkAsOurBug('a text')).toMatchObject({ reason: 'a mistake of ours: a text' });
  });
});
