/** What went wrong, in words: a lost socket has a code and no message, and a handler may reject with anything. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error === 'string' ? error : JSON.stringify(error);
  return error.message || String((error as NodeJS.ErrnoException).code ?? error.name);
}
