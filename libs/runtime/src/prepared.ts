import { createHash } from 'node:crypto';

/** What a statement is to the driver: each connection has the server read a named one once, and keep its plan. */
export interface Prepared {
  readonly name: string;
  readonly text: string;
}

/**
 * A statement that runs all day. The server keeps its plan where one plan does for all values; so it is for statements
 * that find rows by key. A search with many optional parts is better planned anew each time.
 */
export function prepared(text: string): Prepared {
  return { name: `ponte_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`, text };
}
