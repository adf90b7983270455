import { DateTime } from 'luxon';

export interface Window {
  /** The instant it opens. */
  opensAt: Date;
  /** Its local wall time, `2026-11-22T14:00`: what makes it the same window on every replica, whatever its tz data. */
  local: string;
}

const DAY_SECONDS = 86_400;

/**
 * The next window after an instant. Windows lie on the wall clock of the zone, counted from local midnight: every two
 * hours is 00:00, 02:00, … 22:00, and every five 00:00, 05:00, … 20:00, then 00:00 again. A wall time that a change of
 * the clocks skips opens at the first instant after it; one that comes twice opens the first time only, since its local
 * name is taken. A period of a day or longer opens at local midnight. With `fromSeconds` they are counted from that time
 * of the local day: once a day from 3600 is 01:00.
 * @throws RangeError for a zone that is not known
 */
export function nextWindow(after: Date, everySeconds: number, zone: string, fromSeconds = 0): Window {
  const here = inZone(after, zone);
  const midnight = here.startOf('day');
  const step = stepOf(everySeconds);
  const first = fromSeconds % step;
  for (let seconds = first + floorTo(wallSeconds(here) - first, step) + step; seconds < DAY_SECONDS; seconds += step) {
    const window = windowAt(midnight, seconds);
    if (window.opensAt > after) return window;
  }
  return windowAt(midnight.plus({ days: 1 }), first);
}

/** The window an instant belongs to: the last that opened at or before it. */
export function windowOf(instant: Date, everySeconds: number, zone: string, fromSeconds = 0): Window {
  const here = inZone(instant, zone);
  const step = stepOf(everySeconds);
  const first = fromSeconds % step;
  const sinceFirst = wallSeconds(here) - first;
  if (sinceFirst >= 0) return windowAt(here.startOf('day'), first + floorTo(sinceFirst, step));
  return windowAt(here.startOf('day').minus({ days: 1 }), first + floorTo(DAY_SECONDS - 1 - first, step));
}

function inZone(instant: Date, zone: string): DateTime {
  const here = DateTime.fromJSDate(instant, { zone });
  if (!here.isValid) throw new RangeError(`no window can be told in "${zone}": ${here.invalidExplanation}`);
  return here;
}

function stepOf(everySeconds: number): number {
  return Math.min(everySeconds, DAY_SECONDS);
}

function floorTo(seconds: number, step: number): number {
  return Math.floor(seconds / step) * step;
}

function windowAt(day: DateTime, seconds: number): Window {
  const parts = { hour: Math.floor(seconds / 3600), minute: Math.floor((seconds % 3600) / 60), second: seconds % 60 };
  const time = [parts.hour, parts.minute, ...(parts.second ? [parts.second] : [])].map(pad).join(':');
  return { opensAt: day.set(parts).toJSDate(), local: `${day.toISODate()}T${time}` };
}

function wallSeconds(at: DateTime): number {
  return at.hour * 3600 + at.minute * 60 + at.second;
}

function pad(number: number): string {
  return String(number).padStart(2, '0');
}
