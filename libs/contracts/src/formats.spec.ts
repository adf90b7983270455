import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isCalendarDate, isInstant, isTimeZone, isUuid, lengthInCodePoints } from './formats.js';

it.each(['2026-02-28', '2028-02-29', '2000-02-29', '1900-01-01', '9999-12-31'])('%s is a day that exists', (date) => {
  expect(isCalendarDate(date)).toBe(true);
});

it.each([
  '2026-02-29',
  '1900-02-29',
  '2026-04-31',
  '2026-13-01',
  '2026-00-10',
  '2026-01-00',
  '0026-01-10',
  '26-01-10',
  '2026-1-5',
  '10/06/2026',
  '2026-06-10T00:00:00Z',
  20260610,
])('%j is not', (date) => {
  expect(isCalendarDate(date)).toBe(false);
});

it('knows every day the calendar knows', () => {
  const day = fc.date({ min: new Date('1900-01-01'), max: new Date('9999-12-31'), noInvalidDate: true });
  fc.assert(fc.property(day, (date) => isCalendarDate(date.toISOString().slice(0, 10))));
});

it.each(['2026-07-01T09:30:00-03:00', '2026-07-01T12:30:00Z', '2026-07-01T12:30:00.123456789+05:45'])(
  '%s is an instant',
  (text) => {
    expect(isInstant(text)).toBe(true);
    expect(Number.isNaN(Date.parse(text))).toBe(false);
  },
);

it.each([
  '2026-07-01T09:30:00',
  '2026-07-01 09:30:00Z',
  '2026-07-01T24:00:00Z',
  '2026-07-01T23:59:60Z',
  '2026-07-01T09:30Z',
  '2026-07-01T09:30:00-0300',
  '2026-07-01T09:30:00+15:00',
  '2026-02-30T09:30:00Z',
  1783000000,
])('%j is not an instant: nobody knows which one is meant', (text) => {
  expect(isInstant(text)).toBe(false);
});

it('takes a UUID in either case and nothing near it', () => {
  expect(isUuid('0196F0C2-1a2b-7c3d-8e4f-5a6b7c8d0001')).toBe(true);
  expect(isUuid('0196f0c21a2b7c3d8e4f5a6b7c8d0001')).toBe(false);
  expect(isUuid('{0196f0c2-1a2b-7c3d-8e4f-5a6b7c8d0001}')).toBe(false);
});

it('takes time zones by name only', () => {
  expect(['America/Sao_Paulo', 'America/Manaus', 'UTC'].every(isTimeZone)).toBe(true);
  expect(['America/Atlantis', '-03:00', '', 'A'.repeat(65)].some(isTimeZone)).toBe(false);
});

it('counts characters as PostgreSQL does', () => {
  expect(lengthInCodePoints('ção😀')).toBe(4);
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => lengthInCodePoints(text) === [...text].length));
});
