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
 * hours is 00:00, 02:00, … 22:00. A wall time that a change of the clocks skips opens at the first instant after it; one
 * that comes twice opens the first time only, since its local name is taken.
 * A period longer than a day opens at local midnight.
 */
export function nextWindow(after: Date, everySeconds: number, zone: string): Window {
  const here = DateTime.fromJSDate(after, { zone });
  const midnight = here.startOf('day');
  const elapsed = wallSeconds(here);
  const step = Math.min(everySeconds, DAY_SECONDS);
  for (let count = Math.floor(elapsed / step) + 1; ; count += 1) {
    const window = windowAt(midnight, count * step);
    if (window.opensAt > after) return window;
  }
}

/** The window an instant belongs to: the last that opened at or before it. */
export function windowOf(instant: Date, everySeconds: number, zone: string): Window {
  const here = DateTime.fromJSDate(instant, { zone });
  const step = Math.min(everySeconds, DAY_SECONDS);
  return windowAt(here.startOf('day'), Math.floor(wallSeconds(here) / step) * step);
}

function windowAt(midnight: DateTime, seconds: number): Window {
  const wall = midnight.plus({ days: Math.floor(seconds / DAY_SECONDS) });
  const rest = seconds % DAY_SECONDS;
  const parts = { hour: Math.floor(rest / 3600), minute: Math.floor((rest % 3600) / 60), second: rest % 60 };
  const local = wall.set(parts);
  const named = `${wall.toISODate()}T${pad(parts.hour)}:${pad(parts.minute)}${parts.second ? `:${pad(parts.second)}` : ''}`;
  return { opensAt: local.toJSDate(), local: named };
}

function wallSeconds(at: DateTime): number {
  return at.hour * 3600 + at.minute * 60 + at.second;
}

function pad(number: number): string {
  return String(number).padStart(2, '0');
}
