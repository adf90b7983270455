/** How much is measured: the whole form for figures, the quick one to see that everything runs. */
export interface Form {
  quick: boolean;
  rounds: number;
}

const ROUNDS = { whole: 5, quick: 2 };

/** `--quick`, `--rounds N`, among other words. @throws Error where the rounds are no number */
export function readForm(words: readonly string[]): Form {
  const quick = words.includes('--quick');
  const at = words.indexOf('--rounds');
  const rounds = at < 0 ? (quick ? ROUNDS.quick : ROUNDS.whole) : Number(words[at + 1]);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds needs a whole number from 1: --rounds 5');
  return { quick, rounds };
}

/** `name=value` among the words. */
export function readNumber(words: readonly string[], name: string, otherwise: number): number {
  const given = words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
  const value = given === undefined ? otherwise : Number(given);
  if (!Number.isFinite(value) || value <= 0) throw new Error(`${name}= needs a number above 0`);
  return value;
}
