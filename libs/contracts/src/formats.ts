/** Predicates shared by class-validator and by Ajv: one function, so both can only say the same. */

const DATE_SHAPE = /^(\d{4})-(\d{2})-(\d{2})$/;
const INSTANT_SHAPE =
  /^(\d{4}-\d{2}-\d{2})T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)$/;
const UUID_SHAPE = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** `2026-02-28`: a day that exists, from 1900 on (0026-01-10 is a slip of the hand, 9999-12-31 means "no end"). */
export function isCalendarDate(text: unknown): text is string {
  const parts = typeof text === 'string' ? DATE_SHAPE.exec(text) : null;
  if (!parts) return false;
  const [year, month, day] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  return year >= 1900 && day >= 1 && day <= daysIn(year, month);
}

function daysIn(year: number, month: number): number {
  const leapYear = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return month === 2 && leapYear ? 29 : (DAYS_IN_MONTH[month - 1] ?? 0);
}

/** RFC 3339 with offset: `2026-07-01T09:30:00-03:00`. Without an offset nobody knows which instant is meant. */
export function isInstant(text: unknown): text is string {
  const parts = typeof text === 'string' ? INSTANT_SHAPE.exec(text) : null;
  return parts !== null && isCalendarDate(parts[1]);
}

export function isUuid(text: unknown): text is string {
  return typeof text === 'string' && UUID_SHAPE.test(text);
}

/** A name of the IANA time zone database this Node knows: `America/Sao_Paulo`. */
export function isTimeZone(text: unknown): text is string {
  if (typeof text !== 'string' || text.length > 64 || !/^[A-Z]/i.test(text)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return true;
  } catch {
    return false;
  }
}

/** The length a PostgreSQL varchar(n) counts: code points, not UTF-16 units. */
export function lengthInCodePoints(text: string): number {
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    length++;
    if (isHighSurrogate(text.charCodeAt(at)) && isLowSurrogate(text.charCodeAt(at + 1))) at++;
  }
  return length;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
