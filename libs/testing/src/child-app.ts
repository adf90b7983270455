import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './eventually.js';
import { freePort } from './free-port.js';
import { testRun } from './test-run.js';

export type ChildApp = {
  app: string;
  pid: number;
  httpUrl: string;
  opsUrl: string;
  /** The last 2,000 lines it wrote, oldest first. */
  logs(): string[];
  /** Resolves when the process is gone, whatever the signal; default SIGKILL. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** SIGTERM, and after 10 s a failure that says it did not listen. Resolves with the exit code (null: by a signal). */
  stop(): Promise<number | null>;
};

export type ChildAppOptions = {
  /** Folder under apps/, already built (`npm test` builds; otherwise `npx nest build`). */
  app: string;
  /** HTTP_PORT and OPS_PORT are chosen when not given. Nothing of the tests' own environment but PATH gets in. */
  env: Record<string, string>;
  /** Time until ready; 60 s unless told. */
  readyWithinMs?: number;
};

/** As production starts an app: the README says the same. A small young generation keeps an idle app under 180 MB. */
const nodeFlags = ['--enable-source-maps', '--max-semi-space-size=8'];
const keptLines = 2_000;
const stopWithinMs = 10_000;

/** Starts a built app as production does, and resolves when its ops port says it is ready. */
export async function startChildApp(options: ChildAppOptions): Promise<ChildApp> {
  const main = join(process.cwd(), 'dist', 'apps', options.app, 'src', 'main.js');
  if (!existsSync(main)) throw new Error(`${options.app} is not built: run \`npx nest build\` first.`);
  return startScript(main, options);
}

/** The same for any script that speaks like an app: reads OPS_PORT, answers /health/ready, ends on SIGTERM. */
export async function startScript(script: string, options: ChildAppOptions): Promise<ChildApp> {
  const { app, readyWithinMs = 60_000 } = options;
  const own = { PATH: process.env.PATH, NODE_ENV: 'production', NO_COLOR: '1', PONTE_CHILD_APP_OF: testRun() };
  const ports = { HTTP_PORT: String(await freePort()), OPS_PORT: String(await freePort()) };
  const env = { ...own, ...ports, ...options.env };
  const child = spawn(process.execPath, [...nodeFlags, script], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const lines = keepLines(child);
  const started = describe(app, child, lines, env);
  try {
    await waitUntilReady(child, started.opsUrl, readyWithinMs);
  } catch (error) {
    await started.kill();
    const lastWords = lines.slice(-30).join('\n');
    throw new Error(`${app} did not become ready: ${(error as Error).message}\n${lastWords}`, { cause: error });
  }
  return started;
}

function describe(
  app: string,
  child: ChildProcess,
  lines: string[],
  env: { HTTP_PORT: string; OPS_PORT: string },
): ChildApp {
  const exited = once(child, 'exit');
  return {
    app,
    pid: child.pid ?? 0,
    httpUrl: `http://127.0.0.1:${env.HTTP_PORT}`,
    opsUrl: `http://127.0.0.1:${env.OPS_PORT}`,
    logs: () => [...lines],
    kill: async (signal = 'SIGKILL') => {
      if (isGone(child)) return;
      child.kill(signal);
      await exited;
    },
    stop: async () => {
      if (!isGone(child)) child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), stopWithinMs);
      if (!isGone(child)) await exited;
      clearTimeout(late);
      if (child.signalCode === 'SIGKILL') throw new Error(`It did not stop within ${stopWithinMs} ms of SIGTERM.`);
      return child.exitCode;
    },
  };
}

async function waitUntilReady(child: ChildProcess, opsUrl: string, withinMs: number): Promise<void> {
  const found = await eventually(() => (isGone(child) ? 'gone' : askReady(opsUrl)), { withinMs, everyMs: 50 });
  if (found === 'gone') throw new Error(`it ended with ${child.exitCode ?? child.signalCode}`);
}

async function askReady(opsUrl: string): Promise<'ready'> {
  const answer = await fetch(`${opsUrl}/health/ready`);
  if (!answer.ok) throw new Error(`HTTP ${answer.status} ${await answer.text()}`);
  return 'ready';
}

function isGone(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function keepLines(child: ChildProcess): string[] {
  const lines: string[] = [];
  let rest = '';
  const read = (chunk: Buffer) => {
    const parts = (rest + chunk.toString()).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts);
    lines.splice(0, Math.max(0, lines.length - keptLines));
  };
  child.stdout?.on('data', read);
  child.stderr?.on('data', read);
  return lines;
}
