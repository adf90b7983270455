import { describe, expect, it } from '@jest/globals';
import { readComeBackAt, readRateLimit, readRetryAfter } from './retry-after.js';

const now = new Date('2026-07-01T12:00:00Z');

describe('When a partner asks to come back', () => {
  it.each([
    ['seconds', '120', '2026-07-01T12:02:00Z'],
    ['an HTTP date', 'Wed, 01 Jul 2026 12:05:00 GMT', '2026-07-01T12:05:00Z'],
    ['the old form of an HTTP date', 'Wednesday, 01-Jul-26 12:05:00 GMT', '2026-07-01T12:05:00Z'],
    ['a date in the past, which means now', 'Wed, 01 Jul 2026 11:00:00 GMT', '2026-07-01T12:00:00Z'],
    ['zero', '0', '2026-07-01T12:00:00Z'],
    ['absurdly many seconds, capped to an hour', '99999999999999', '2026-07-01T13:00:00Z'],
    ['a date in another century, capped to an hour', 'Fri, 01 Jul 2126 12:00:00 GMT', '2026-07-01T13:00:00Z'],
  ])('reads %s', (_, value, expected) => {
    expect(readRetryAfter({ 'retry-after': value }, now)).toEqual(new Date(expected));
  });

  it.each([['absent', {}], ['empty', { 'retry-after': ' ' }], ...unreadable('soon', '-5', '12 seconds', '1e9')])(
    'knows nothing when it is %s',
    (_, headers) => expect(readRetryAfter(headers, now)).toBeUndefined(),
  );

  it('reads the remaining calls and the end of the window, in epoch seconds', () => {
    const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1782907230' };
    expect(readRateLimit(headers)).toEqual({ remaining: 0, resetAt: new Date('2026-07-01T12:00:30Z') });
    expect(readRateLimit({ 'x-ratelimit-remaining': 'many', 'x-ratelimit-reset': '99999999999999999' })).toEqual({});
    expect(readRateLimit({})).toEqual({});
  });

  it('takes the end of the window when there is no Retry-After', () => {
    const reset = { 'x-ratelimit-reset': '1782907230' };
    expect(readComeBackAt(reset, now)).toEqual(new Date('2026-07-01T12:00:30Z'));
    expect(readComeBackAt({ ...reset, 'retry-after': '5' }, now)).toEqual(new Date('2026-07-01T12:00:05Z'));
    expect(readComeBackAt({ 'x-ratelimit-reset': '9999999999' }, now)).toEqual(new Date('2026-07-01T13:00:00Z'));
  });
});

function unreadable(...values: string[]): [string, Record<string, string>][] {
  return values.map((value) => [`"${value}"`, { 'retry-after': value }]);
}
