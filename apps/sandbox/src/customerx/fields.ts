import { BLANK, type FieldErrors } from './customerx-answers.js';
import type { CustomerXSettings } from './customerx-settings.js';

export type Body = Record<string, unknown>;
type DateFormat = CustomerXSettings['dateFormat'];

/** Reads the fields of a body one by one and keeps what was wrong with each; what is absent stays undefined. */
export class FieldReader {
  readonly errors: FieldErrors = {};

  constructor(
    private readonly body: Body,
    private readonly dateFormat: DateFormat,
  ) {}

  get isRight(): boolean {
    return Object.keys(this.errors).length === 0;
  }

  /** Refused when absent, null or empty. */
  require(...fields: string[]): void {
    for (const field of fields) {
      if (this.body[field] === undefined || this.body[field] === null || this.body[field] === '')
        this.refuse(field, BLANK);
    }
  }

  text(field: string): string | null | undefined {
    return this.read(
      field,
      (value) => (typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined),
      'is invalid',
    );
  }

  oneOf<Word extends string>(field: string, words: readonly Word[]): Word | null | undefined {
    return this.read(field, (value) => words.find((word) => word === value), 'is not included in the list');
  }

  /** Kept as text with two places, whether it came as a number or as a text. */
  money(field: string): string | null | undefined {
    return this.read(field, (value) => toTwoPlaces(String(value)), 'is not a number');
  }

  /** Kept as YYYY-MM-DD. */
  date(field: string): string | null | undefined {
    return this.read(
      field,
      (value) => (typeof value === 'string' ? toIsoDate(value, this.dateFormat) : undefined),
      'is not a valid date',
    );
  }

  private read<T>(field: string, parse: (value: unknown) => T | undefined, complaint: string): T | null | undefined {
    const value = this.body[field];
    if (value === undefined || value === null) return value;
    const parsed = parse(value);
    if (parsed === undefined) this.refuse(field, complaint);
    return parsed;
  }

  private refuse(field: string, complaint: string): void {
    (this.errors[field] ??= []).push(complaint);
  }
}

function toTwoPlaces(text: string): string | undefined {
  const [, sign = '', units, places = ''] = /^(-?)(\d{1,13})(?:\.(\d{1,2}))?$/.exec(text) ?? [];
  return units === undefined ? undefined : `${sign}${BigInt(units)}.${places.padEnd(2, '0')}`;
}

function toIsoDate(text: string, format: DateFormat): string | undefined {
  const [, day, month, year] = /^(\d{2})\/(\d{2})\/(\d{4})$/.exec(text) ?? [];
  if (year !== undefined) return format === 'iso' ? undefined : realDay(`${year}-${month}-${day}`);
  if (format === 'dd/mm/yyyy' || !/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined;
  return realDay(text);
}

/** 31/02 is a shape of a date and no date. */
function realDay(iso: string): string | undefined {
  const instant = new Date(`${iso}T00:00:00Z`);
  return !Number.isNaN(instant.getTime()) && instant.toISOString().startsWith(iso) ? iso : undefined;
}
