/**
 * Gathers what the measurements left into test/bench/results: `latest.json`, `latest.svg`, and a table on the terminal.
 *
 *   node test/bench/write-results.ts <minutes> [--quick] [--rounds N] <part file> …
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { format } from 'prettier';
import { readForm } from './measure/form.ts';
import { readMachine, readVersions } from './measure/machine.ts';
import { say } from './measure/part.ts';
import { plotOf } from './measure/plot.ts';
import { gatherResults, type Parts } from './measure/results.ts';
import { tableOf } from './measure/table.ts';
import { figuresOf } from './measure/targets.ts';

const FOLDER = new URL('results/', import.meta.url);
const STYLE = { parser: 'json', printWidth: 120 } as const;

const [minutes = '0', ...words] = process.argv.slice(2);
const files = words.filter((word) => word.endsWith('.part.json') && existsSync(word));
const parts = files.map((file) => JSON.parse(readFileSync(file, 'utf8')) as Parts);
const machine = readMachine();
const results = gatherResults(parts, {
  now: new Date(),
  form: readForm(words),
  minutes: Number(minutes),
  machine,
  versions: await readVersions(),
});
const figures = figuresOf(results);
const title = `Ponte ${results.versions.ponte}, ${results.rounds} rounds, ${machine.cores} × ${machine.cpu}, ${results.measuredOn}`;
mkdirSync(FOLDER, { recursive: true });
writeFileSync(new URL('latest.json', FOLDER), await format(JSON.stringify(results), STYLE));
writeFileSync(new URL('latest.svg', FOLDER), plotOf(figures, title));
say(`\n${title}\n${tableOf(figures)}`);
say('\ntest/bench/results/latest.json has every round, latest.svg the plot');
