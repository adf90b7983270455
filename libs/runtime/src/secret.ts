import { inspect } from 'node:util';

const SHOWN = '[secret]';

/**
 * A value that must not be seen: a password, a token, a key.
 * Printing, logging, inspecting or serialising it gives `[secret]`; only `reveal()` gives the value,
 * so a search for `.reveal(` finds every place where a secret leaves its wrapper.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return SHOWN;
  }

  toJSON(): string {
    return SHOWN;
  }

  [Symbol.toPrimitive](): string {
    return SHOWN;
  }

  [inspect.custom](): string {
    return SHOWN;
  }
}
