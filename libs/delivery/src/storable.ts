/** Text the database can hold: others may send NUL and halves of characters, and neither `text` nor `jsonb` takes them. */
export function storable(text: string): string;
export function storable(text: string | undefined): string | null;
export function storable(text: string | undefined): string | null {
  return text === undefined ? null : text.toWellFormed().replaceAll('\0', '\uFFFD');
}

/** How JSON writes what no database takes; an escaped backslash before it makes it harmless, which costs a second look. */
const SUSPICIOUS = /\\u(?:0000|d[89a-f])/i;

/** The same for every text within a value. */
export function storableJson(value: unknown): string | null {
  const json = JSON.stringify(value) as string | undefined;
  if (json === undefined || !SUSPICIOUS.test(json)) return json ?? null;
  return JSON.stringify(value, (_, part: unknown) => (typeof part === 'string' ? storable(part) : part));
}
