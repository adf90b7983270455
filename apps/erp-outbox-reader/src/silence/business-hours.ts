import { IANAZone } from 'luxon';

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;
const DAY_MS = DAY_MINUTES * MINUTE_MS;

/** From and to minutes after midnight, on the wall clock. */
export interface Span {
  from: number;
  to: number;
}

/** When a company works: nothing is expected of its ERP outside. */
export interface BusinessHours {
  /** By weekday, Monday 1 to Sunday 7, in order, none touching another. */
  spans: ReadonlyMap<number, readonly Span[]>;
  /** IANA zone of the wall clock. */
  zone: string;
  /** `2026-12-24`, or `12-25` for every year. */
  holidays: ReadonlySet<string>;
}

/**
 * Minutes of business between two instants; 0 when the second is not later. A minute counts if the wall clock of the zone
 * shows it within a span on a day that is no holiday: one that a change of the clocks skips counts not at all, and one
 * that comes twice counts twice.
 */
export function businessMinutes(from: Date, to: Date, hours: BusinessHours): number {
  const zone = IANAZone.create(hours.zone);
  const end = to.getTime();
  let at = from.getTime();
  let openMs = 0;
  while (at < end) {
    const until = steadyUntil(zone, at, end);
    openMs += openMsOf(at + zone.offset(at) * MINUTE_MS, until - at, hours);
    at = until;
  }
  return openMs / MINUTE_MS;
}

/** The end of the stretch from `at` in which the wall clock shows one day and makes no jump. */
function steadyUntil(zone: IANAZone, at: number, end: number): number {
  const offset = zone.offset(at);
  const wall = at + offset * MINUTE_MS;
  const midnight = (Math.floor(wall / DAY_MS) + 1) * DAY_MS - offset * MINUTE_MS;
  const last = Math.min(midnight, end);
  if (zone.offset(last - 1) === offset) return last;
  return firstJump(at, last - 1, (instant) => zone.offset(instant) !== offset);
}

/** The first instant above `before` for which it is so; it is so at `after`. */
function firstJump(before: number, after: number, isSo: (instant: number) => boolean): number {
  let low = before;
  let high = after;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (isSo(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** Of a stretch within one day of the wall clock. */
function openMsOf(wall: number, lengthMs: number, { holidays, spans }: BusinessHours): number {
  const day = Math.floor(wall / DAY_MS);
  const date = new Date(day * DAY_MS).toISOString().slice(0, 10);
  if (holidays.has(date) || holidays.has(date.slice(5))) return 0;
  const start = wall - day * DAY_MS;
  const open = (spans.get(weekdayOf(day)) ?? []).map(({ from, to }) => {
    const overlap = Math.min(start + lengthMs, to * MINUTE_MS) - Math.max(start, from * MINUTE_MS);
    return Math.max(0, overlap);
  });
  return open.reduce((sum, ms) => sum + ms, 0);
}

/** 1 January 1970 was a Thursday. */
function weekdayOf(day: number): number {
  return ((((day + 3) % 7) + 7) % 7) + 1;
}
