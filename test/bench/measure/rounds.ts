import { rounded, seriesOf, type Series } from './statistics.ts';

/** One that is measured once in each round. @returns one value */
export type Contestant = () => Promise<number>;

export type Say = (line: string) => void;

/** The contestants take turns, so that what the machine does besides meets all of them. */
export async function takeTurns<Name extends string>(
  contestants: Record<Name, Contestant>,
  { rounds, unit, say }: { rounds: number; unit: string; say: Say },
): Promise<Record<Name, Series>> {
  const names = Object.keys(contestants) as Name[];
  const values = new Map<Name, number[]>(names.map((name) => [name, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const name of inTurn(names, round)) values.get(name)!.push(await contestants[name]());
    const words = names.map((name) => `${name} ${rounded(values.get(name)!.at(-1)!)}`);
    say(`  round ${round}: ${words.join(', ')} ${unit}`);
  }
  return Object.fromEntries(names.map((name) => [name, seriesOf(unit, values.get(name)!)])) as Record<Name, Series>;
}

/** Every other round backwards: nobody always runs behind the same neighbour. */
function inTurn<Name>(names: readonly Name[], round: number): Name[] {
  return round % 2 === 1 ? [...names] : names.toReversed();
}
