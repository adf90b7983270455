/**
 * `npm run chaos [-- <names…>]`: everything that goes wrong, one thing after the other, on real servers. One line per
 * scenario, then the total; the exit code is 0 only when all are ok. `--list` names them, `--soak MINUTES` goes on in a
 * random order until the time is over (`--seed N` repeats an order), `--aloud` follows what they say meanwhile,
 * `--patience N` makes every bound N times as long, `--as-built` takes the apps as they stand in dist.
 */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findScenarios, type FoundScenario } from '../../test/chaos/harness/find-scenarios.ts';
import { runScenario, type ScenarioResult } from '../../test/chaos/harness/run-scenario.ts';
import { buildApps } from '../build.ts';
import { interruptedExitCode, interruption } from '../interruption.ts';
import { usualStackFolder } from '../stack/paths.ts';
import { endProcess, processesStartedWith } from '../stack/processes.ts';
import { PrivateStack } from '../stack/stack.ts';
import { testEnvironment } from '../stack/test-environment.ts';
import { readWishes, type Wishes } from './wishes.ts';
import { describeScenario, resultLine, totalLine } from './lines.ts';
import { shuffles } from './shuffles.ts';

async function chaos(words: string[]): Promise<number> {
  const all = await findScenarios();
  const wishes = readWishes(
    words,
    all.map(({ scenario }) => scenario.name),
  );
  const chosen = choose(all, wishes);
  if (wishes.list) {
    for (const each of chosen) console.log(describeScenario(each));
    return 0;
  }
  const shared = await sharedServers();
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'ponte-chaos-')));
  try {
    if (!wishes.asBuilt) await buildApps();
    Object.assign(process.env, shared.environment);
    return await runAll(chosen, wishes, folder);
  } finally {
    await clear(folder);
    await shared.giveBack();
  }
}

function choose(all: FoundScenario[], { names, list, soakMinutes }: Wishes): FoundScenario[] {
  if (names.length > 0) return names.map((name) => byName(all, name));
  return list || soakMinutes !== undefined ? all : all.filter(({ scenario }) => !scenario.long);
}

/** Those the tests already run on, where they call us; otherwise the private stack's. */
async function sharedServers(): Promise<{ environment: Record<string, string>; giveBack(): Promise<void> }> {
  if (process.env.PONTE_TEST_AMQP_URL) return { environment: {}, giveBack: async () => undefined };
  const { addresses, giveBack } = await new PrivateStack().borrow(console.log);
  return { environment: testEnvironment(addresses), giveBack };
}

async function runAll(chosen: FoundScenario[], wishes: Wishes, folder: string): Promise<number> {
  const results: ScenarioResult[] = [];
  const startedAt = performance.now();
  for (const each of inOrder(chosen, wishes)) {
    if (interruption.aborted) break;
    const result = await runScenario(each, {
      folder,
      patience: wishes.patience,
      signal: interruption,
      say: (line) => wishes.aloud && console.log(`            ${line}`),
    });
    if (interruption.aborted) break;
    if (result.leftMess) await clear(folder);
    console.log(resultLine(result));
    results.push(result);
  }
  keep(results, wishes);
  console.log(totalLine(results, (performance.now() - startedAt) / 1_000));
  if (interruption.aborted) return interruptedExitCode;
  return results.length > 0 && results.every(({ word }) => word === 'ok') ? 0 : 1;
}

/** Once each, or round after round while the soak lasts. */
function* inOrder(chosen: FoundScenario[], { soakMinutes, seed }: Wishes): Generator<FoundScenario> {
  if (soakMinutes === undefined) return yield* chosen;
  const endsAt = performance.now() + soakMinutes * 60_000;
  console.log(`for ${soakMinutes} minutes in random order, seed ${seed}`);
  for (const round of shuffles(chosen, seed)) {
    for (const each of round) {
      if (performance.now() > endsAt) return;
      yield each;
    }
  }
}

/** Servers of the run's own, whether it ended in order or not. */
async function clear(folder: string): Promise<void> {
  await new PrivateStack(join(folder, 'stack')).wipe();
  for (const mark of processesStartedWith(`PONTE_STACK_OF=${join(folder, 'cluster')}`)) await endProcess(mark, 0);
  rmSync(folder, { recursive: true, force: true });
}

function keep(results: ScenarioResult[], { seed, soakMinutes }: Wishes): void {
  mkdirSync(usualStackFolder, { recursive: true });
  const kept = { at: new Date().toISOString(), ...(soakMinutes !== undefined && { soakMinutes, seed }), results };
  writeFileSync(join(usualStackFolder, 'chaos-latest.json'), `${JSON.stringify(kept, undefined, 2)}\n`);
}

function byName(all: FoundScenario[], name: string): FoundScenario {
  return all.find(({ scenario }) => scenario.name === name)!;
}

try {
  process.exitCode = await chaos(process.argv.slice(2));
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
