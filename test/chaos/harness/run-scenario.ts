import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { endOfRun, newTestRun } from '#libs/testing';
import type { FoundScenario } from './find-scenarios.ts';
import type { Message } from './run-one.ts';
import type { Finding } from './scenario.ts';
import { judge, type Judgement } from './word.ts';

export interface RunOptions {
  /** Of the whole run, for servers of its own. */
  folder: string;
  /** Bounds are this many times as long as the scenarios say. */
  patience: number;
  signal: AbortSignal;
  say(line: string): void;
}

export interface ScenarioResult extends Judgement {
  name: string;
  seconds: number;
  /** It did not end by itself, or left something: what it used is not to be used again. */
  leftMess: boolean;
}

const USUAL_MINUTES = 3;
const TIDY_MS = 60_000;
const script = fileURLToPath(new URL('run-one.ts', import.meta.url));

/** Runs it in a process of its own; whatever it leaves behind when its time is over is removed. */
export async function runScenario({ scenario, file }: FoundScenario, options: RunOptions): Promise<ScenarioResult> {
  const { name } = scenario;
  const minutes = (scenario.minutes ?? USUAL_MINUTES) * options.patience;
  const startedAt = performance.now();
  const run = newTestRun();
  const env: NodeJS.ProcessEnv = { ...process.env, PONTE_TEST_RUN: run };
  delete env.DATABASE_URL; // servers that were given are not ours to kill: a stack of the run's own starts its own
  delete env.AMQP_URL;
  const child = fork(script, [file, options.folder], { env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const finding = await findingOf(child, minutes, options);
  const seconds = (performance.now() - startedAt) / 1_000;
  const isTidy = await endChild(child);
  const left = await endOfRun(run);
  const judgement = judge(finding ?? { stuck: [`not over after ${minutes} minutes`] });
  return { name, seconds, ...judgement, leftMess: !isTidy || left.length > 0 || finding === undefined };
}

/** undefined when its time was over, or it was interrupted. */
async function findingOf(child: ChildProcess, minutes: number, options: RunOptions): Promise<Finding | undefined> {
  const { promise, resolve } = Promise.withResolvers<Finding | undefined>();
  const timer = setTimeout(() => resolve(undefined), minutes * 60_000);
  const interrupt = () => resolve(undefined);
  options.signal.addEventListener('abort', interrupt, { once: true });
  if (options.signal.aborted) interrupt();
  child.on('message', (message: Message) =>
    'finding' in message ? resolve(message.finding) : options.say(message.line),
  );
  child.once('exit', (code, by) => {
    const silent = () => resolve({ broken: [`its process ended with ${code ?? by} and without a finding`] });
    // What it said before it ended is read before the channel closes.
    if (child.connected) child.once('disconnect', silent);
    else silent();
  });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    options.signal.removeEventListener('abort', interrupt);
  }
}

/** @returns whether it ended by itself, all put away */
async function endChild(child: ChildProcess): Promise<boolean> {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), TIDY_MS);
    await exited;
    clearTimeout(late);
  }
  return child.exitCode === 0;
}
