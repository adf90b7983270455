import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { Problem } from './problem.js';

export const DEFAULT_PAGE_LIMIT = 50;
export const MAX_PAGE_LIMIT = 500;

/** Query of every list; a list's own filters extend it. */
export class PageQuery {
  @IsOptional()
  @IsString()
  @MaxLength(1_000)
  cursor?: string;

  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MAX_PAGE_LIMIT)
  limit: number = DEFAULT_PAGE_LIMIT;
}

/** `next` is absent on the last page. */
export interface Page<Item> {
  items: Item[];
  next?: string;
}

/** What a place in a list is made of: digits of a bigint, an ISO instant, a text. */
export type CursorPart = 'integer' | 'instant' | 'text';
export type CursorKey = readonly string[];

/** One page out of `limit + 1` rows read: the extra row says that there is more and is not shown. */
export function cursorPage<Row, Item = Row>(
  rows: readonly Row[],
  limit: number,
  keyOf: (row: Row) => CursorKey,
  toItem: (row: Row) => Item = (row) => row as unknown as Item,
): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const next = rows.length > limit && last !== undefined ? writeCursor(keyOf(last)) : undefined;
  return { items: shown.map(toItem), ...(next && { next }) };
}

/** Opaque to callers: base64url of a JSON array. */
export function writeCursor(key: CursorKey): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/**
 * The key a cursor holds, each part of the kind asked for, so it can go into a statement as it is.
 * @throws Problem 400 `malformed-cursor`
 */
export function readCursor(cursor: string | undefined, parts: readonly CursorPart[]): CursorKey | undefined {
  if (cursor === undefined) return undefined;
  const key = parsed(cursor);
  if (!Array.isArray(key) || key.length !== parts.length || !parts.every((part, i) => isPart(part, key[i]))) {
    throw new Problem({
      type: 'malformed-cursor',
      status: 400,
      detail: 'The cursor is not one this list gave out; begin again without it.',
    });
  }
  return key as string[];
}

function parsed(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}

function isPart(part: CursorPart, value: unknown): boolean {
  if (typeof value !== 'string' || value.includes('\u0000')) return false;
  if (part === 'integer') return /^-?\d{1,18}$/.test(value);
  if (part === 'instant')
    return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$/.test(value) && !Number.isNaN(Date.parse(value));
  return true;
}
