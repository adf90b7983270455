import { nextWindow, windowOf } from '#libs/delivery';
import { unmet } from '../../expectations.ts';

const ZONE = 'America/Sao_Paulo';
const HOUR = 3_600_000;
const ASKED_EVERY = 15 * 60_000;
const MINUTES = [15, 20, 30, 60, 120, 300, 720, 1_440];
/** By decree, and not by any tz data: the clocks went on at the first midnight, and back at the second. */
const [SPRING, AUTUMN] = [Date.parse('2018-11-04T03:00:00Z'), Date.parse('2019-02-17T02:00:00Z')];
const SPANS = [
  ['2018-11-03T03:00:00Z', '2018-11-05T15:00:00Z'],
  ['2019-02-15T15:00:00Z', '2019-02-18T03:00:00Z'],
  ['2026-11-21T03:00:00Z', '2026-11-23T03:00:00Z'],
] as const;

/** Asked at any instant, the last of a repeated hour among them, the next window is the one the rule has. */
function compare(minutes: number, from: number, to: number): string[] {
  const should = expectedBetween(minutes, from, to + 24 * HOUR);
  const seconds = minutes * 60;
  const names = should.map((at) => windowOf(new Date(at), seconds, ZONE).local);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  const wrong: string[] = [];
  let next = 0;
  for (let at = from; at < to; at += ASKED_EVERY) {
    while (should[next]! <= at) next += 1;
    const is = nextWindow(new Date(at), seconds, ZONE).opensAt.getTime();
    const due = should[next];
    if (is !== due) wrong.push(`after ${told(at)} comes ${told(is)}, and not ${told(due)}`);
  }
  return unmet({
    [`every ${minutes} min the windows are as the rule has them; ${wrong.length} are not, the first: ${wrong[0]}`]:
      wrong.length === 0,
    [`every ${minutes} min each window has a name of its own, and ${twice} is that of two`]: twice === undefined,
  });
}

/** Every local time a period names, by the rule: where it comes twice the first, where it never comes the gap's end. */
function expectedBetween(minutes: number, from: number, to: number): number[] {
  const instants = new Set<number>();
  for (let day = Math.floor(from / (24 * HOUR)) - 1; day <= to / (24 * HOUR) + 1; day += 1) {
    for (let minute = 0; minute < 1_440; minute += minutes) instants.add(instantOf(day * 24 * HOUR + minute * 60_000));
  }
  return [...instants].filter((at) => at > from && at < to).sort((one, other) => one - other);
}

/** @param local the wall clock, written as if it were UTC */
function instantOf(local: number): number {
  const both = [local + 2 * HOUR, local + 3 * HOUR].filter((at) => at + offsetAt(at) === local);
  return both[0] ?? SPRING;
}

function offsetAt(instant: number): number {
  return (instant >= SPRING && instant < AUTUMN ? -2 : -3) * HOUR;
}

function localAsTold(instant: number): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone: ZONE, dateStyle: 'short', timeStyle: 'short' })
    .format(instant)
    .replace(' ', 'T');
}

function told(instant: number | undefined): string {
  return instant === undefined ? 'none' : new Date(instant).toISOString();
}

const broken = SPANS.flatMap(([from, to]) =>
  MINUTES.flatMap((minutes) => compare(minutes, Date.parse(from), Date.parse(to))),
);
const expected = unmet({
  'the tz data of this process knows the summer time of 2018':
    localAsTold(SPRING) === '2018-11-04T01:00' && localAsTold(AUTUMN) === '2019-02-16T23:00',
  'and none today: 01:00 is 04:00 UTC': localAsTold(Date.parse('2026-11-22T04:00:00Z')) === '2026-11-22T01:00',
});
process.send!({
  broken: [...expected, ...broken],
  note: `${SPANS.length * MINUTES.length} spans of windows, tz data ${process.versions.tz}`,
});
