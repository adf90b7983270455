/** Text the database can hold: others may send NUL and halves of characters, and neither `text` nor `jsonb` takes them. */
export function storable(text: string): string;
export function storable(text: string | undefined): string | null;
export function storable(text: string | undefined): string | null {
  return text === undefined ? null : text.toWellFormed().replaceAll('\0', '\uFFFD');
}

/** The same for every text within a value. */
export function storableJson(value: unknown): string | null {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === 'string' ? storable(part) : part)) ?? null;
}
