/** `npm run bench -- <name> [words]`: one measurement on the private stack; each says what it means in its own file. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildApps } from '../build.ts';
import { interruption } from '../interruption.ts';
import { runAloud } from '../run.ts';
import { projectFolder } from '../stack/paths.ts';
import { PrivateStack } from '../stack/stack.ts';
import { testEnvironment } from '../stack/test-environment.ts';

const folder = join(projectFolder, 'test', 'bench');

async function bench([name = '', ...words]: string[]): Promise<number> {
  const file = join(folder, `${name}.bench.ts`);
  if (!existsSync(file)) {
    console.log(`npm run bench -- <name>, where <name> is one of: ${namesOfBenches().join(', ')}`);
    return 1;
  }
  const loan = await new PrivateStack().borrow(console.log);
  try {
    await buildApps();
    const env = { ...process.env, ...testEnvironment(loan.addresses) };
    return await runAloud(process.execPath, [file, ...words], { cwd: projectFolder, env, signal: interruption });
  } finally {
    await loan.giveBack();
  }
}

function namesOfBenches(): string[] {
  return readdirSync(folder).flatMap((file) => /^(.+)\.bench\.ts$/.exec(file)?.[1] ?? []);
}

process.exitCode = await bench(process.argv.slice(2));
