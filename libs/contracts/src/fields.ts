import 'reflect-metadata';
import { Type } from 'class-transformer';
import { IsOptional, ValidateBy, ValidateNested, type ValidationArguments } from 'class-validator';
import { isCnpj, isCpf } from './documents.js';
import { isCalendarDate, isInstant, isTimeZone, isUuid, lengthInCodePoints } from './formats.js';
import { CHARGE_PATTERN, MONEY_PATTERN, isCharge, isMoney } from './money.js';

/**
 * One rule of one field: the same object is read by class-validator (`accepts`), by the JSON Schema (`schema`) and by
 * the person who gets the problem (`must`: "/data/amount must be …"). Rules are strict where a mistake would cost
 * money, order or identity, and only bounded where the ERP's register is what it is (addresses, e-mails, phones):
 * no title waits for a person because a postal code is dirty.
 */
export interface FieldRule {
  readonly must: string;
  readonly schema: Readonly<Record<string, unknown>>;
  accepts(value: unknown, owner: Readonly<Record<string, unknown>>): boolean;
}

export type AnyClass = abstract new (...args: never[]) => object;

/** Names under which class-validator files our constraints; the JSON Schema is built by looking for them. */
export const FIELD = 'field';
export const PART = 'part';
export const PARTS = 'parts';

function field(rule: FieldRule): PropertyDecorator {
  return ValidateBy({
    name: FIELD,
    constraints: [rule],
    validator: {
      validate: (value: unknown, about?: ValidationArguments) =>
        rule.accepts(value, (about?.object ?? {}) as Record<string, unknown>),
      defaultMessage: () => `$property must be ${rule.must}`,
    },
  });
}

/** Absent and null mean the same; SQL builds `"email": null` where a person would leave the field out. */
export const Optional = (): PropertyDecorator => IsOptional();

/** Free text of at most `max` code points. Which characters PostgreSQL cannot hold is looked at once, for the whole event. */
export const Text = (max: number): PropertyDecorator =>
  field({
    must: `a text of 1 to ${max} characters`,
    schema: { type: 'string', minLength: 1, maxLength: max },
    accepts: (value) => typeof value === 'string' && value !== '' && lengthInCodePoints(value) <= max,
  });

/** Text that must look like `shape`; `must` is what a person is told. */
export const Shaped = (shape: RegExp, must: string): PropertyDecorator => {
  const unicodeShape = new RegExp(shape.source, 'u');
  return field({
    must,
    schema: { type: 'string', pattern: shape.source },
    accepts: (value) => typeof value === 'string' && unicodeShape.test(value),
  });
};

const IDENTIFIER_SHAPE = /^[^\s\p{C}](?:[^\p{C}\p{Zl}\p{Zp}]{0,118}[^\s\p{C}])?$/u;

/** The ERP's own name for a thing: what subjects, lanes and partners' external ids are made of. */
export const Identifier = (): PropertyDecorator =>
  Shaped(IDENTIFIER_SHAPE, 'an identifier of 1 to 120 visible characters, no space at either end');

const formatted = (format: string, must: string, accepts: (value: unknown) => boolean): PropertyDecorator =>
  field({ must, schema: { type: 'string', format }, accepts });

export const CalendarDate = (): PropertyDecorator =>
  formatted('date', 'a date that exists, as YYYY-MM-DD', isCalendarDate);

export const Instant = (): PropertyDecorator =>
  formatted('date-time', 'an RFC 3339 instant with offset, such as 2026-07-01T09:30:00-03:00', isInstant);

export const Uuid = (): PropertyDecorator => formatted('uuid', 'a UUID', isUuid);

export const TimeZone = (): PropertyDecorator =>
  formatted('iana-time-zone', 'an IANA time zone, such as America/Sao_Paulo', isTimeZone);

export const Cnpj = (): PropertyDecorator =>
  formatted('cnpj', 'a valid CNPJ: 14 characters, upper case, no punctuation', isCnpj);

/** A CPF where the sibling `personType` is F, a CNPJ where it is J. */
export const Document = (): PropertyDecorator =>
  field({
    must: 'a valid CPF (personType F) or CNPJ (personType J): upper case, no punctuation',
    schema: { type: 'string', format: 'cpf-or-cnpj' },
    accepts: (value, owner) => {
      if (owner['personType'] === 'F') return isCpf(value);
      if (owner['personType'] === 'J') return isCnpj(value);
      return isCpf(value) || isCnpj(value);
    },
  });

const MONEY_WORDS = 'a decimal text with exactly two places, such as 1234.50';

export const Money = (): PropertyDecorator =>
  field({ must: MONEY_WORDS, schema: { type: 'string', pattern: MONEY_PATTERN }, accepts: isMoney });

/** Money that cannot be negative. */
export const Charge = (): PropertyDecorator =>
  field({
    must: `${MONEY_WORDS}, not negative`,
    schema: { type: 'string', pattern: CHARGE_PATTERN },
    accepts: isCharge,
  });

export const OneOf = (words: readonly string[]): PropertyDecorator =>
  field({
    must: `one of ${words.join(', ')}`,
    schema: { type: 'string', enum: [...words] },
    accepts: (value) => typeof value === 'string' && words.includes(value),
  });

export const Flag = (): PropertyDecorator =>
  field({ must: 'true or false', schema: { type: 'boolean' }, accepts: (value) => typeof value === 'boolean' });

/** A whole number from 0 to 2^53 − 1, as a JSON number. */
export const Count = (): PropertyDecorator =>
  field({
    must: 'a whole number, 0 or more',
    schema: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
    accepts: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
  });

const SERIAL_SHAPE = /^(?:0|[1-9]\d{0,17})$/;

/** A bigint of the database as decimal text: JSON numbers end at 2^53. */
export const Serial = (): PropertyDecorator => Shaped(SERIAL_SHAPE, 'a whole number as text, at most 18 digits');

export const TextList = (options: { max: number; of: readonly string[] | number }): PropertyDecorator => {
  const { max, of } = options;
  const description = typeof of === 'number' ? `a text of 1 to ${of} characters` : `one of ${of.join(', ')}`;
  const items =
    typeof of === 'number'
      ? { type: 'string', minLength: 1, maxLength: of, description }
      : { type: 'string', enum: [...of], description };
  const acceptsItem = (item: unknown) =>
    typeof item === 'string' &&
    (typeof of === 'number' ? item !== '' && lengthInCodePoints(item) <= of : of.includes(item));
  return field({
    must: `a list of at most ${max} texts, each ${description}`,
    schema: { type: 'array', maxItems: max, items },
    accepts: (value) => Array.isArray(value) && value.length <= max && value.every(acceptsItem),
  });
};

/** An object of another class. */
export const Part = (partClass: () => AnyClass): PropertyDecorator =>
  together(
    ValidateBy({
      name: PART,
      constraints: [partClass],
      validator: { validate: isObject, defaultMessage: () => '$property must be an object' },
    }),
    ValidateNested(),
    Type(partClass as () => new () => object),
  );

/** A list of objects of another class. */
export const Parts = (partClass: () => AnyClass, count: { min?: number; max: number }): PropertyDecorator =>
  together(
    ValidateBy({
      name: PARTS,
      constraints: [partClass, count],
      validator: {
        validate: (value: unknown) =>
          Array.isArray(value) &&
          value.length >= (count.min ?? 0) &&
          value.length <= count.max &&
          value.every(isObject),
        defaultMessage: () => `$property must be a list of ${count.min ?? 0} to ${count.max} objects`,
      },
    }),
    ValidateNested(),
    Type(partClass as () => new () => object),
  );

function together(...decorators: PropertyDecorator[]): PropertyDecorator {
  return (target, key) => decorators.forEach((decorate) => decorate(target, key));
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
