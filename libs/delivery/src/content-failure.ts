import { sqlStateOf } from '#libs/runtime';

/** Our own exception while working on one message: it fails again however often it is tried. */
export class ContentFailure extends Error {
  override readonly name = 'ContentFailure';
}

/** Exceptions of ours that mean a mistake in the program; it is made again with the same message. */
const MISTAKES = [TypeError, RangeError, ReferenceError, SyntaxError];

/**
 * Whether it is the content that failed (data, constraint and limit errors of the database, or our own exception), and
 * not the weather: connections, timeouts, deadlocks and unknown commits say nothing about a message.
 */
export function isOfContent(error: unknown): boolean {
  if (error instanceof ContentFailure) return true;
  if (MISTAKES.some((mistake) => error instanceof mistake)) return true;
  const state = sqlStateOf(error);
  return state !== undefined && ['22', '23', '54'].includes(state.slice(0, 2));
}
