/** `npm run bench -- <name> [words]`: one measurement on the private stack; each says what it means in its own file. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { interruption } from '../interruption.ts';
import { runAloud, runOrFail } from '../run.ts';
import { projectFolder } from '../stack/paths.ts';
import { PrivateStack } from '../stack/stack.ts';

const folder = join(projectFolder, 'test', 'bench');
const fromSource = join(projectFolder, 'libs', 'testing', 'run', 'source.mjs');

async function bench([name = '', ...words]: string[]): Promise<number> {
  const file = join(folder, `${name}.bench.ts`);
  if (!existsSync(file)) {
    console.log(`npm run bench -- <name>, where <name> is one of: ${namesOfBenches().join(', ')}`);
    return 1;
  }
  const loan = await new PrivateStack().borrow(console.log);
  try {
    const nest = join(projectFolder, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js');
    await runOrFail('The apps could not be built.', process.execPath, [nest, 'build', 'audit'], { cwd: projectFolder });
    const { addresses } = loan;
    const env = {
      ...process.env,
      PONTE_TEST_DATABASE_URL: addresses.adminDatabaseUrl,
      PONTE_TEST_OWNER_URL: addresses.testDatabaseUrl,
      PONTE_TEST_AMQP_URL: addresses.amqpUrl,
      PONTE_TEST_MANAGEMENT_URL: addresses.adminManagementUrl,
    };
    const args = ['--import', fromSource, file, ...words];
    return await runAloud(process.execPath, args, { cwd: projectFolder, env, signal: interruption });
  } finally {
    await loan.giveBack();
  }
}

function namesOfBenches(): string[] {
  return readdirSync(folder).flatMap((file) => /^(.+)\.bench\.ts$/.exec(file)?.[1] ?? []);
}

process.exitCode = await bench(process.argv.slice(2));
