import { expect, it } from '@jest/globals';
import { cursorPage, readCursor, writeCursor } from './cursor-page.js';
import { Problem } from './problem.js';

const rows = (count: number) => Array.from({ length: count }, (_, i) => ({ id: String(i + 1) }));

it('shows the page and a cursor to the next while there is a row more', () => {
  const page = cursorPage(rows(4), 3, (row) => [row.id]);
  expect(page.items.map(({ id }) => id)).toEqual(['1', '2', '3']);
  expect(readCursor(page.next, ['integer'])).toEqual(['3']);
});

it('gives no cursor on the last page, full or not', () => {
  expect(cursorPage(rows(3), 3, (row) => [row.id])).toEqual({ items: rows(3) });
  expect(cursorPage([], 3, () => [])).toEqual({ items: [] });
});

it('reads back what it wrote, letters of any alphabet included', () => {
  const key = ['2026-07-01T12:00:00.123456Z', '9007199254740993', 'título/4711-2'];
  expect(readCursor(writeCursor(key), ['instant', 'integer', 'text'])).toEqual(key);
  expect(readCursor(undefined, ['integer'])).toBeUndefined();
});

it.each([
  ['not base64 JSON', '%%%'],
  ['another list', writeCursor(['1', '2'])],
  ['a number that is none', writeCursor(['1 or 1=1'])],
  ['a number too long for a bigint', writeCursor(['9'.repeat(30)])],
  ['an object', Buffer.from('{"0":"1","length":1}').toString('base64url')],
  ['null', Buffer.from('null').toString('base64url')],
])('answers a cursor that is %s with a 400', (_what, cursor) => {
  const read = () => readCursor(cursor, ['integer']);
  expect(read).toThrow(Problem);
  expect(read).toThrow(
    expect.objectContaining({ details: expect.objectContaining({ type: 'malformed-cursor', status: 400 }) }),
  );
});

it('answers a cursor whose instant or text the database would refuse with a 400', () => {
  expect(() => readCursor(writeCursor(['2026-13-45T00:00:00Z']), ['instant'])).toThrow(Problem);
  expect(() => readCursor(writeCursor(['a\u0000b']), ['text'])).toThrow(Problem);
});
