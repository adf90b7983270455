/** Deeper than any honest event; a reader that recurses is safe below it. */
export const MAX_DEPTH = 32;

/** More would tell a person nothing new. */
export const MAX_PROBLEMS = 20;

export type ParsedJson = { kind: 'json'; value: unknown; text: string } | { kind: 'not-json'; reason: string };

/** Reads UTF-8 JSON, byte order mark allowed. The reason never quotes the content: it may hold a person's data. */
export function readJson(content: Uint8Array): ParsedJson {
  let text: string;
  try {
    text = UTF8.decode(content);
  } catch {
    return { kind: 'not-json', reason: 'not UTF-8 text' };
  }
  try {
    return { kind: 'json', value: JSON.parse(text), text };
  } catch (error) {
    const place = /at position (\d+)/.exec((error as Error).message)?.[1];
    return {
      kind: 'not-json',
      reason: place === undefined ? 'not valid JSON' : `not valid JSON at character ${place}`,
    };
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

export interface Inspection {
  /** JSON pointers with what is wrong there, at most MAX_PROBLEMS. */
  problems: string[];
  /** Some field is null or '': the reader takes both as absent. */
  hasEmptyFields: boolean;
}

const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * What no schema looks at, in one walk: depth, characters PostgreSQL's jsonb refuses (U+0000, lone surrogates), numbers
 * that became infinite, a field named `__proto__`. `text` is the JSON the value was read from: such characters can
 * only have come as \u escapes, so texts are looked at only where it has one.
 */
export function inspect(root: unknown, rootName: string, text: string): Inspection {
  const found: Inspection = { problems: [], hasEmptyFields: false };
  const looksAtTexts = text.includes('\\u');
  const looksAtNames = looksAtTexts || text.includes('__proto__');

  const tell = (at: string, problem: string) => {
    if (found.problems.length < MAX_PROBLEMS) found.problems.push(`${printable(at)} ${problem}`);
  };

  const visitValue = (value: unknown, parent: string, name: string | number, depth: number): void => {
    if (typeof value === 'object' && value !== null) return visitInside(value, `${parent}/${name}`, depth + 1);
    const problem = problemOfLeaf(value, looksAtTexts);
    if (problem !== undefined) tell(`${parent}/${name}`, problem);
  };

  const visitInside = (node: object, at: string, depth: number): void => {
    if (depth > MAX_DEPTH) return tell(at, `is nested deeper than ${MAX_DEPTH} levels`);
    if (Array.isArray(node)) return node.forEach((item, index) => visitValue(item, at, index, depth));
    for (const name of Object.keys(node)) {
      if (looksAtNames) visitName(name, at);
      const value = (node as Record<string, unknown>)[name];
      if (value === null || value === '') found.hasEmptyFields = true;
      else visitValue(value, at, name, depth);
    }
  };

  const visitName = (name: string, at: string): void => {
    if (name === '__proto__') tell(at, 'has a field named __proto__');
    const problem = problemOfText(name);
    if (problem !== undefined) tell(at, `has a field whose name ${problem}`);
  };

  visitValue(root, '', rootName, 0);
  return found;
}

function problemOfLeaf(value: unknown, looksAtTexts: boolean): string | undefined {
  if (typeof value === 'string') return looksAtTexts ? problemOfText(value) : undefined;
  return typeof value === 'number' && !Number.isFinite(value) ? 'is a number too large to keep' : undefined;
}

function problemOfText(text: string): string | undefined {
  if (text.includes('\0')) return 'holds the character U+0000, which the database cannot keep';
  if (LONE_SURROGATE.test(text)) return 'holds half of a surrogate pair, which the database cannot keep';
  return undefined;
}

/** Field names come from outside: a pointer is cut and its control characters are shown as `?`. */
function printable(pointer: string): string {
  return pointer.slice(0, 200).replace(/[\p{C}]/gu, '?');
}

/** The same value without the fields that are null or '', at every level; lists keep their length. */
export function withoutEmptyFields(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmptyFields);
  if (typeof value !== 'object' || value === null) return value;
  const kept: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(value)) {
    if (field !== null && field !== '') kept[name] = withoutEmptyFields(field);
  }
  return kept;
}
