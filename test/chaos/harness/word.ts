import type { Finding, Word } from './scenario.ts';

export interface Judgement {
  word: Word;
  /** Why, or what the scenario has to say of itself. */
  note: string;
}

const SHOWN = 3;

/** The worst of what was found, in the order of harm. */
export function judge({ verdict, stuck = [], broken = [], note = '' }: Finding): Judgement {
  const faults: [Word, string[]][] = [
    ['lost', verdict?.lost ?? []],
    ['doubled', verdict?.doubled ?? []],
    ['reordered', verdict?.reordered ?? []],
    ['broken', [...(verdict?.unexplained ?? []), ...broken]],
    ['stuck', stuck],
  ];
  const worst = faults.find(([, items]) => items.length > 0);
  if (worst === undefined) return { word: 'ok', note: withCounts(verdict, note) };
  const [word, items] = worst;
  const more = items.length > SHOWN ? ` and ${items.length - SHOWN} more` : '';
  return { word, note: `${items.slice(0, SHOWN).join('; ')}${more}` };
}

function withCounts(verdict: Finding['verdict'], note: string): string {
  if (verdict === undefined) return note;
  const repeated = verdict.repeated.length > 0 ? `, ${verdict.repeated.length} repeated` : '';
  return [`${verdict.delivered} delivered${repeated}`, note].filter((part) => part !== '').join('; ');
}
