/**
 * `npm test [-- <words for jest>]`: every spec file on real PostgreSQL and RabbitMQ. Ends with the counts in one plain
 * line; the exit code is 0 only when something was tested and nothing failed.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { endOfRun, newTestRun } from '#libs/testing';
import { buildApps } from './build.ts';
import { interruptedExitCode, interruption } from './interruption.ts';
import { runAloud } from './run.ts';
import { projectFolder, usualStackFolder } from './stack/paths.ts';
import { PrivateStack } from './stack/stack.ts';
import { testEnvironment } from './stack/test-environment.ts';
import { countLine, countTests, type JestResult } from './test-counts.ts';

const run = newTestRun();
const resultFile = join(usualStackFolder, `test-result-${process.pid}.json`);

async function test(args: string[]): Promise<number> {
  const loan = await new PrivateStack().borrow(console.log);
  try {
    if (interruption.aborted) return interruptedExitCode;
    await buildApps();
    const env = { PONTE_TEST_RUN: run, ...testEnvironment(loan.addresses) };
    const jestCode = await runJest(args, env);
    if (!interruption.aborted) return report(jestCode);
    await cleanUpAfterInterruption(env);
    return interruptedExitCode;
  } finally {
    await loan.giveBack();
  }
}

function runJest(args: string[], own: Record<string, string>): Promise<number> {
  mkdirSync(usualStackFolder, { recursive: true });
  const jest = join(projectFolder, 'node_modules', 'jest', 'bin', 'jest.js');
  const nodeOptions = `${process.env.NODE_OPTIONS ?? ''} --experimental-vm-modules --disable-warning=ExperimentalWarning`;
  const env = { ...process.env, ...own, NODE_OPTIONS: nodeOptions };
  const fixed = [jest, '--maxWorkers=2', '--json', `--outputFile=${resultFile}`];
  return runAloud(process.execPath, [...fixed, ...args], { cwd: projectFolder, env, signal: interruption });
}

/** Jest does this at the end of a run that it finished itself. */
async function cleanUpAfterInterruption(env: Record<string, string>): Promise<void> {
  rmSync(resultFile, { force: true });
  Object.assign(process.env, env);
  await endOfRun(run);
}

function report(jestCode: number): number {
  if (!existsSync(resultFile)) {
    console.log('The tests did not run.\n0 passed, 0 failed');
    return jestCode || 1;
  }
  const counts = countTests(JSON.parse(readFileSync(resultFile, 'utf8')) as JestResult);
  rmSync(resultFile);
  console.log(countLine(counts));
  return counts.passed === 0 || counts.failed > 0 ? jestCode || 1 : jestCode;
}

try {
  process.exitCode = await test(process.argv.slice(2));
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
