import type { EventData, EventType } from './catalogue.js';

/**
 * Patterns name event types by words: `erp.receivable.*.v1`. A star stands for exactly one word. The compiler finds
 * the types a pattern names, so a misspelt pattern is `never` and does not compile where a plan wants an event.
 */
type Words<S extends string> = S extends `${infer Head}.${infer Tail}` ? [Head, ...Words<Tail>] : [S];

type WordsMatch<P extends readonly string[], T extends readonly string[]> = P extends readonly [
  infer PatternWord,
  ...infer PatternRest extends readonly string[],
]
  ? T extends readonly [infer TypeWord, ...infer TypeRest extends readonly string[]]
    ? PatternWord extends '*' | TypeWord
      ? WordsMatch<PatternRest, TypeRest>
      : false
    : false
  : T extends readonly []
    ? true
    : false;

/** The catalogue's types that `P` names: `erp.receivable.*.v1` → `'erp.receivable.opened.v1' | …`; none → `never`. */
export type EventTypesMatching<P extends string> = {
  [T in EventType]: WordsMatch<Words<P>, Words<T>> extends true ? T : never;
}[EventType];

/** The data of the events `P` names. */
export type EventDataMatching<P extends string> = EventData<EventTypesMatching<P>>;

/** The same match at run time. */
export function matchesPattern(pattern: string, type: string): boolean {
  const patternWords = pattern.split('.');
  const typeWords = type.split('.');
  return (
    patternWords.length === typeWords.length && patternWords.every((word, at) => word === '*' || word === typeWords[at])
  );
}

/**
 * The AMQP binding a queue needs for a pattern: the whole aggregate, `erp.receivable.*.v1` → `erp.receivable.#`.
 * A later version or a new kind of event then arrives too and is kept, instead of never being heard of.
 */
export function bindingOf(pattern: string): string {
  const words = pattern.split('.');
  const star = words.indexOf('*');
  const named = words.slice(0, star === -1 ? 2 : Math.min(star, 2));
  return [...named, '#'].join('.');
}
