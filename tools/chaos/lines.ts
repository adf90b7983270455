import type { FoundScenario } from '../../test/chaos/harness/find-scenarios.ts';
import type { ScenarioResult } from '../../test/chaos/harness/run-scenario.ts';
import type { Word } from '../../test/chaos/harness/scenario.ts';

const WORDS: Word[] = ['ok', 'lost', 'doubled', 'reordered', 'stuck', 'broken'];
const NAME_WIDTH = 38;

export function describeScenario({ scenario, folder }: FoundScenario): string {
  const rows = scenario.rows.length > 0 ? ` (${scenario.rows.join(', ')})` : '';
  return `${folder.padEnd(11)} ${scenario.name.padEnd(NAME_WIDTH)} ${scenario.says}${rows}`;
}

export function resultLine({ word, name, seconds, note }: ScenarioResult): string {
  return `${word.padEnd(9)} ${name.padEnd(NAME_WIDTH)} ${seconds.toFixed(1).padStart(6)} s  ${note}`.trimEnd();
}

/** Each word with its count, the good ones too: a total that leaves something out hides it. */
export function totalLine(results: readonly ScenarioResult[], seconds: number): string {
  const counts = WORDS.map((word) => `${results.filter((result) => result.word === word).length} ${word}`);
  return `${results.length} scenarios in ${(seconds / 60).toFixed(1)} minutes: ${counts.join(', ')}`;
}
