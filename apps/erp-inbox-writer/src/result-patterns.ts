/** A word of a type, `*` for one word, `#` for any number of them: what a binding of a topic exchange may hold. */
const WORD = /^(?:\*|#|[a-z][a-z0-9-]*)$/;
const PATTERN_MAX = 255;

/** `*.delivery.parked.v1, deps.#` → both, each once. */
export function readPatterns(text: string): string[] {
  return [...new Set(text.split(',').map((pattern) => pattern.trim()))].filter((pattern) => pattern !== '');
}

/** @returns one sentence per mistake; empty when the broker would take them all */
export function patternMistakes(text: string): string[] {
  const patterns = readPatterns(text);
  if (patterns.length === 0) return ['it names nothing'];
  return patterns.flatMap((pattern) => {
    if (pattern.length > PATTERN_MAX) return [`"${pattern.slice(0, 40)}…" is longer than ${PATTERN_MAX}`];
    const wrong = pattern.split('.').find((word) => !WORD.test(word));
    return wrong === undefined ? [] : [`"${wrong}" of "${pattern}" is no word, * or #`];
  });
}

/** As the broker matches a binding; a binding taken out of the setting stays on the queue until somebody removes it. */
export function isAskedFor(patterns: readonly string[], type: string): boolean {
  const words = type.split('.');
  return patterns.some((pattern) => fits(pattern.split('.'), words));
}

function fits([word, ...rest]: string[], words: string[]): boolean {
  if (word === undefined) return words.length === 0;
  if (word === '#')
    return words.length === 0 ? fits(rest, []) : fits(rest, words) || fits([word, ...rest], words.slice(1));
  return words.length > 0 && (word === '*' || word === words[0]) && fits(rest, words.slice(1));
}
