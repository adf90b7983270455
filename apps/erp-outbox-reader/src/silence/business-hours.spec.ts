import { describe, expect, it, test } from '@jest/globals';
import { businessMinutes } from './business-hours.js';
import { holidayMistakes, hoursMistakes, isZone, readBusinessHours, type HoursText } from './read-business-hours.js';

const OFFICE = '1-5 08:00-18:00';

function minutes(from: string, to: string, text: Partial<HoursText> = {}): number {
  const hours = readBusinessHours({ hours: OFFICE, zone: 'America/Sao_Paulo', ...text });
  return businessMinutes(new Date(from), new Date(to), hours);
}

/** Sunday 22 November 2026; the clocks of São Paulo have stood at -03:00 since 2019. */
describe('business minutes', () => {
  it.each([
    ['within a morning', '2026-11-23T08:00-03:00', '2026-11-23T10:30-03:00', 150],
    ['a part of a minute', '2026-11-23T08:00:00-03:00', '2026-11-23T08:00:30-03:00', 0.5],
    ['a whole day', '2026-11-23T00:00-03:00', '2026-11-24T00:00-03:00', 600],
    ['over a night', '2026-11-23T17:30-03:00', '2026-11-24T08:45-03:00', 75],
    ['over a weekend', '2026-11-20T17:00-03:00', '2026-11-23T09:00-03:00', 120],
    ['within a weekend', '2026-11-21T09:00-03:00', '2026-11-22T20:00-03:00', 0],
    ['within a night', '2026-11-23T18:00-03:00', '2026-11-24T08:00-03:00', 0],
    ['a whole week, whatever the offset it is written in', '2026-11-20T15:00Z', '2026-11-27T15:00Z', 3_000],
    ['backwards', '2026-11-24T10:00-03:00', '2026-11-23T10:00-03:00', 0],
    ['a whole year', '2026-01-01T00:00-03:00', '2027-01-01T00:00-03:00', 261 * 600],
  ])('%s', (_, from, to, expected) => {
    expect(minutes(from, to)).toBe(expected);
  });

  it.each([
    ['a lunch break', '1-5 08:00-12:00; 1-5 13:00-18:00', 540],
    ['another day of the week', '1,3,5-6 08:00-12:00', 240],
    ['a day that is none of them', '2-7 08:00-18:00', 0],
    ['round the clock', '1-7 00:00-24:00', 1_440],
    ['spans that overlap', '1-5 08:00-12:00; 1 10:00-14:00; 1 14:00-15:00', 420],
  ])('of a Monday with %s', (_, hours, expected) => {
    expect(minutes('2026-11-23T00:00-03:00', '2026-11-24T00:00-03:00', { hours })).toBe(expected);
  });

  it.each([
    ['the weekend in which São Paulo puts its clocks forward', '2018-11-02T17:00-03:00', '2018-11-05T09:00-02:00', 120],
    ['the weekend in which it puts them back', '2019-02-15T17:00-02:00', '2019-02-18T09:00-03:00', 120],
  ])('over %s', (_, from, to, expected) => {
    expect(minutes(from, to)).toBe(expected);
  });

  it.each([
    ['the day has 23 hours', '1-7 00:00-24:00', 23 * 60],
    ['the first hour is not there', '7 00:00-05:00', 4 * 60],
    ['a span begins within it', '7 00:30-05:00', 4 * 60],
    ['a span lies within it', '7 00:10-00:50', 0],
    ['the rest of the day is as ever', '7 08:00-18:00', 600],
  ])('where the clocks go from midnight to one: %s', (_, hours, expected) => {
    expect(minutes('2018-11-04T00:00-03:00', '2018-11-05T00:00-02:00', { hours })).toBe(expected);
  });

  it.each([
    ['the day has 25 hours', '1-7 00:00-24:00', 25 * 60],
    ['the last hour comes twice', '6 22:00-24:00', 3 * 60],
    ['half of it comes twice', '6 22:00-23:30', 2 * 60],
    ['the rest of the day is as ever', '6 08:00-18:00', 600],
  ])('where the clocks go from midnight to eleven: %s', (_, hours, expected) => {
    expect(minutes('2019-02-16T00:00-02:00', '2019-02-17T00:00-03:00', { hours })).toBe(expected);
  });

  it.each([
    ['forward at two', '2026-03-08T00:00-05:00', '2026-03-08T12:00-04:00', '7 01:30-08:00', 330],
    [
      'forward at two, of which a span is left out',
      '2026-03-08T00:00-05:00',
      '2026-03-08T12:00-04:00',
      '7 02:00-03:00',
      0,
    ],
    ['back at two', '2026-11-01T00:00-04:00', '2026-11-01T12:00-05:00', '7 01:00-02:00', 120],
    ['back at two, and the day goes on', '2026-11-01T00:00-04:00', '2026-11-01T12:00-05:00', '7 08:00-18:00', 240],
  ])('where the clocks go %s', (_, from, to, hours, expected) => {
    expect(minutes(from, to, { hours, zone: 'America/New_York' })).toBe(expected);
  });

  it('adds up, wherever the stretch is cut', () => {
    const cuts = ['2019-02-15T17:11-02:00', '2019-02-17T00:30Z', '2019-02-17T02:30Z', '2019-02-18T09:23-03:00'];
    const hours = '1-7 00:00-23:30';
    const pieces = cuts.slice(1).map((to, at) => minutes(cuts[at]!, to, { hours }));
    expect(pieces.reduce((sum, piece) => sum + piece)).toBe(minutes(cuts[0]!, cuts.at(-1)!, { hours }));
  });

  it('of a holiday are none, of one year or of every year', () => {
    const holidays = '2026-11-23, 12-25';
    const week = (from: string, to: string) => minutes(`${from}T00:00-03:00`, `${to}T00:00-03:00`, { holidays });
    expect(week('2026-11-23', '2026-11-25')).toBe(600);
    expect(week('2027-11-23', '2027-11-24')).toBe(600);
    expect(week('2026-12-24', '2026-12-26')).toBe(600);
    expect(week('2028-12-25', '2028-12-26')).toBe(0);
  });

  it('go by the wall clock of the zone', () => {
    expect(minutes('2026-11-23T11:00Z', '2026-11-23T13:00Z', { zone: 'America/Manaus' })).toBe(60);
  });
});

test.each([
  ['', 'no hours are named'],
  ['weekdays', '"weekdays" is not written like 1-5 08:00-18:00'],
  ['1-5 8:00-18:00', '"1-5 8:00-18:00" is not written like 1-5 08:00-18:00'],
  ['0-5 08:00-18:00', '"0-5" names no weekdays: 1-5 or 1,3,6, Monday being 1'],
  ['5-1 08:00-18:00', '"5-1" names no weekdays: 1-5 or 1,3,6, Monday being 1'],
  ['1-5 08:00-24:30', '"1-5 08:00-24:30" has an hour that no clock shows'],
  [
    '1-5 22:00-06:00',
    '"1-5 22:00-06:00" ends before it begins: write a night as two, 22:00-24:00 and 00:00-06:00 of the next day',
  ],
])('hours written as "%s" are refused with the sentence that says why', (hours, sentence) => {
  expect(hoursMistakes(hours)).toEqual([sentence]);
  expect(hoursMistakes(OFFICE)).toEqual([]);
});

test('a holiday that is no day is refused, and so is a zone nobody knows', () => {
  expect(holidayMistakes('2026-12-24,02-29,12-25')).toEqual([]);
  expect(holidayMistakes('2026-02-29,natal')).toEqual([
    '"2026-02-29" is no date: 2026-12-24, or 12-25 for every year',
    '"natal" is no date: 2026-12-24, or 12-25 for every year',
  ]);
  expect([isZone('America/Sao_Paulo'), isZone('America/Santos')]).toEqual([true, false]);
});
