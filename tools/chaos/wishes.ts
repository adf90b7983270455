import { parseArgs } from 'node:util';

export interface Wishes {
  names: string[];
  list: boolean;
  aloud: boolean;
  asBuilt: boolean;
  soakMinutes?: number;
  seed: number;
  /** Every bound is this many times as long, for machines that are busy or slow. */
  patience: number;
}

/** @throws Error with what may be said */
export function readWishes(words: string[], known: readonly string[]): Wishes {
  const { values, positionals } = parseArgs({
    args: words,
    allowPositionals: true,
    options: {
      list: { type: 'boolean', default: false },
      aloud: { type: 'boolean', default: false },
      'as-built': { type: 'boolean', default: false },
      soak: { type: 'string' },
      seed: { type: 'string' },
      patience: { type: 'string', default: '1' },
    },
  });
  const unknown = positionals.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`No scenario is called ${unknown.join(', ')}; --list names them.`);
  return {
    names: positionals,
    list: values.list,
    aloud: values.aloud,
    asBuilt: values['as-built'],
    soakMinutes: values.soak === undefined ? undefined : positive('--soak', values.soak),
    patience: positive('--patience', values.patience),
    seed: values.seed === undefined ? Date.now() % 1_000_000 : positive('--seed', values.seed),
  };
}

function positive(option: string, text: string): number {
  const number = Number(text);
  if (!(number > 0)) throw new Error(`${option} takes a number above 0, not "${text}".`);
  return number;
}
