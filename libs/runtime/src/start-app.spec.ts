import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { transformFileSync } from '@swc/core';
import { eventually, freePort } from '#libs/testing';

const COMPILED = join(process.cwd(), 'node_modules', '.cache', `ponte-tiny-${process.pid}`);

beforeAll(() => {
  for (const folder of ['src', 'test']) {
    mkdirSync(join(COMPILED, folder), { recursive: true });
    const files = readdirSync(join('libs/runtime', folder)).filter((file) => /(?<!\.spec)\.ts$/.test(file));
    for (const file of files) {
      const { code } = transformFileSync(join('libs/runtime', folder, file), {
        configFile: join(process.cwd(), '.swcrc'),
      });
      writeFileSync(join(COMPILED, folder, file.replace(/ts$/, 'js')), code);
    }
  }
  writeFileSync(join(COMPILED, 'package.json'), '{"type": "module"}');
});

afterAll(() => rmSync(COMPILED, { recursive: true }));

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

async function start(variables: Record<string, string> = {}) {
  const ports = { HTTP_PORT: String(await freePort()), OPS_PORT: String(await freePort()) };
  const child = spawn(process.execPath, [join(COMPILED, 'test', 'tiny-app.js')], {
    env: { PATH: process.env.PATH, ...ports, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  const http = `http://127.0.0.1:${ports.HTTP_PORT}`;
  const ops = `http://127.0.0.1:${ports.OPS_PORT}`;
  const ready = () =>
    eventually(async () => (await fetch(`${ops}/health/ready`)).ok, {
      everyMs: 20,
      withinMs: 30_000,
    });
  return { child, exited, ready, http, ops, ports, output: () => output };
}

/** Processor time rather than wall time: what a test beside us takes from the machine is not ours. */
it('spends under 4 s of processor time until it is ready, and idles under 150 MB', async () => {
  const app = await start({ LOG_LEVEL: 'silent' });
  await app.ready();
  const [userTicks, systemTicks] = readFileSync(`/proc/${app.child.pid}/stat`, 'utf8').split(' ').slice(13, 15);
  const status = readFileSync(`/proc/${app.child.pid}/status`, 'utf8');
  expect((Number(userTicks) + Number(systemTicks)) / 100).toBeLessThan(4);
  expect(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024).toBeLessThan(150);
});

it('tells every mistake of its environment and exits with 1', async () => {
  const app = await start({ HTTP_PORT: 'abc', LOG_LEVEL: 'loud', NODE_TLS_REJECT_UNAUTHORIZED: '0' });
  expect(await app.exited).toBe(1);
  expect(app.output()).toMatch(/tiny does not start: 3 mistakes in the environment/);
  expect(app.output()).toMatch(
    /HTTP_PORT[\s\S]*NODE_TLS_REJECT_UNAUTHORIZED|NODE_TLS_REJECT_UNAUTHORIZED[\s\S]*HTTP_PORT/,
  );
});

it('says which port is taken instead of a stack trace', async () => {
  const first = await start();
  await first.ready();
  const second = await start({ HTTP_PORT: first.ports.HTTP_PORT });
  expect(await second.exited).toBe(1);
  expect(second.output()).toContain(`port ${first.ports.HTTP_PORT} is taken by another process; set HTTP_PORT`);
  expect(second.output()).not.toContain('at Server.');
});

it('closes in order on SIGTERM and exits with 0', async () => {
  const app = await start();
  await app.ready();
  app.child.kill('SIGTERM');
  expect(await app.exited).toBe(0);
});

it('is unready and alive while it closes, and exits with 1 when it has not closed at the deadline', async () => {
  const app = await start({ SHUTDOWN_DEADLINE_MS: '2000' });
  await app.ready();
  const waiting = fetch(`${app.http}/orders/slow`).catch(() => 'cut off');
  await eventually(() => app.output().includes('slow begun'));
  app.child.kill('SIGTERM');
  await eventually(async () => (await fetch(`${app.ops}/health/ready`)).status === 503);
  expect((await fetch(`${app.ops}/health/live`)).status).toBe(200);
  expect(await app.exited).toBe(1);
  expect(app.output()).toContain('not closed 2000 ms after SIGTERM');
  expect(await waiting).toBe('cut off');
});

it('logs a rejection nobody waits for and exits with 1', async () => {
  const app = await start();
  await app.ready();
  await fetch(`${app.http}/orders/stray`).catch(() => undefined);
  expect(await app.exited).toBe(1);
  expect(app.output()).toContain('"msg":"a promise nobody waits for was rejected"');
  expect(app.output()).toContain('"message":"nobody waits for me"');
});

it('logs the exception behind a 500 under the trace id of the answer, its personal data masked', async () => {
  const app = await start();
  await app.ready();
  const { traceId } = (await (await fetch(`${app.http}/orders/bug`)).json()) as { traceId: string };
  const lines = await eventually(() => {
    const found = app
      .output()
      .split('\n')
      .filter((line) => line.includes(traceId));
    if (found.length !== 2) throw new Error(`${found.length} lines of that trace`);
    return found;
  });
  expect(JSON.parse(lines[0] as string)).toMatchObject({
    level: 'error',
    app: 'tiny',
    err: { message: 'the customer [masked] broke it' },
  });
  expect(JSON.parse(lines[1] as string)).toMatchObject({
    req: { method: 'GET', path: '/orders/bug' },
    res: { status: 500 },
  });
});

it("logs the code of a driver's error and not the row and the parameters it carries", async () => {
  const app = await start();
  await app.ready();
  await fetch(`${app.http}/orders/refused`);
  await eventually(() => app.output().includes('duplicate key'));
  expect(app.output()).toContain('"code":"23505"');
  expect(app.output()).not.toContain('Maria');
});

it('logs no header, query or body of a request', async () => {
  const app = await start();
  await app.ready();
  await fetch(`${app.http}/orders?cursor=c0de`, {
    headers: { authorization: 'Bearer hunter2hunter2', cookie: 'hunter3' },
  });
  await eventually(() => app.output().includes('request completed'));
  expect(app.output()).not.toMatch(/hunter|c0de/);
});
