import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Scenario } from './scenario.ts';

const home = dirname(dirname(fileURLToPath(import.meta.url)));

export interface FoundScenario {
  scenario: Scenario;
  folder: string;
  file: string;
}

/** Every scenario, folder by folder; those that take a stack of their own last, so that it is started once. */
export async function findScenarios(): Promise<FoundScenario[]> {
  const files = readdirSync(home, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'harness')
    .flatMap(({ name }) => scenarioFiles(join(home, name)));
  const found = await Promise.all(files.sort().map(open));
  return found.sort((one, other) => Number(one.scenario.alone ?? false) - Number(other.scenario.alone ?? false));
}

/** Files that hold none (what several scenarios of a folder share) do not end in a scenario's name. @throws Error */
async function open(file: string): Promise<FoundScenario> {
  const { scenario } = (await import(pathToFileURL(file).href)) as { scenario?: Scenario };
  const name = basename(file, '.ts');
  if (scenario?.name !== name) throw new Error(`${file} must export a scenario called ${name}.`);
  return { scenario, folder: basename(dirname(file)), file };
}

function scenarioFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'))
    .map((name) => join(folder, name));
}
