import { DateTime, IANAZone } from 'luxon';
import type { BusinessHours, Span } from './business-hours.js';

const SPAN = /^(?<days>[\d,-]+)\s+(?<from>\d{2}:\d{2})-(?<to>\d{2}:\d{2})$/;
const DAYS = /^([1-7])(?:-([1-7]))?$/;
const EVERY_YEAR = /^\d{2}-\d{2}$/;
const ONE_YEAR = /^\d{4}-\d{2}-\d{2}$/;
const LEAP_YEAR = '2024';

export interface HoursText {
  /** `1-5 08:00-12:00; 1-5 13:00-18:00; 6 08:00-12:00`, Monday being 1. */
  hours: string;
  zone: string;
  /** `2026-12-24,12-25`. */
  holidays?: string;
}

/** Text that has no mistakes; spans that overlap are one. */
export function readBusinessHours({ hours, holidays, zone }: HoursText): BusinessHours {
  const spans = new Map<number, Span[]>();
  for (const text of partsOf(hours, ';')) {
    const { days, span } = readSpan(text);
    for (const day of days) spans.set(day, [...(spans.get(day) ?? []), span]);
  }
  for (const [day, all] of spans) spans.set(day, merged(all));
  return { spans, zone, holidays: new Set(partsOf(holidays ?? '', ',')) };
}

/** Each a sentence to act on. */
export function hoursMistakes(hours: string): string[] {
  const parts = partsOf(hours, ';');
  if (parts.length === 0) return ['no hours are named'];
  return parts.flatMap((text) => spanMistake(text) ?? []);
}

export function holidayMistakes(holidays: string): string[] {
  return partsOf(holidays, ',').flatMap((text) => {
    const date = EVERY_YEAR.test(text) ? `${LEAP_YEAR}-${text}` : text;
    if (ONE_YEAR.test(date) && DateTime.fromISO(date).isValid) return [];
    return [`"${text}" is no date: 2026-12-24, or 12-25 for every year`];
  });
}

export function isZone(zone: string): boolean {
  return IANAZone.isValidZone(zone);
}

function spanMistake(text: string): string | undefined {
  const groups = SPAN.exec(text)?.groups;
  if (!groups) return `"${text}" is not written like 1-5 08:00-18:00`;
  if (daysOf(groups.days!).length === 0) return `"${groups.days}" names no weekdays: 1-5 or 1,3,6, Monday being 1`;
  const from = minuteOf(groups.from!);
  const to = minuteOf(groups.to!);
  if (from === undefined || to === undefined) return `"${text}" has an hour that no clock shows`;
  if (from < to) return undefined;
  return `"${text}" ends before it begins: write a night as two, 22:00-24:00 and 00:00-06:00 of the next day`;
}

function readSpan(text: string): { days: number[]; span: Span } {
  const { days, from, to } = SPAN.exec(text)!.groups!;
  return { days: daysOf(days!), span: { from: minuteOf(from!)!, to: minuteOf(to!)! } };
}

/** None for what names none. */
function daysOf(text: string): number[] {
  const days = text.split(',').map((part) => {
    const [, first, last = first] = DAYS.exec(part) ?? [];
    const count = Number(last) - Number(first) + 1;
    return Array.from({ length: Number.isNaN(count) ? 0 : Math.max(0, count) }, (_, at) => Number(first) + at);
  });
  return days.some(({ length }) => length === 0) ? [] : [...new Set(days.flat())];
}

function minuteOf(text: string): number | undefined {
  const [hour = NaN, minute = NaN] = text.split(':').map(Number);
  const isOnTheClock = minute < 60 && (hour < 24 || (hour === 24 && minute === 0));
  return isOnTheClock ? hour * 60 + minute : undefined;
}

function merged(spans: readonly Span[]): Span[] {
  const all: Span[] = [];
  for (const span of [...spans].sort((a, b) => a.from - b.from)) {
    const last = all.at(-1);
    if (last && span.from <= last.to) last.to = Math.max(last.to, span.to);
    else all.push({ ...span });
  }
  return all;
}

function partsOf(text: string, separator: string): string[] {
  return text
    .split(separator)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
