import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChildApp, startScript } from './child-app.js';
import { eventually } from './eventually.js';

const willing = `
import { createServer } from 'node:http';
let asked = 0;
createServer((request, response) => {
  asked += 1;
  response.statusCode = asked < 3 ? 503 : 200;
  response.end('asked ' + asked);
  console.log('asked ' + asked);
}).listen(Number(process.env.OPS_PORT), '127.0.0.1');
process.on('SIGTERM', () => process.exit(7));
`;

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ponte-child-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function script(name: string, text: string): string {
  const file = join(folder, `${name}.mjs`);
  writeFileSync(file, text);
  return file;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

it('an app is handed over when it says it is ready, not before', async () => {
  const app = await startScript(script('willing', willing), { app: 'willing', env: {} });
  await eventually(() => expect(app.logs()).toContain('asked 3'));
  expect(await app.stop()).toBe(7);
  expect(isRunning(app.pid)).toBe(false);
});

it('a killed app is gone when kill resolves', async () => {
  const app = await startScript(script('victim', willing), { app: 'victim', env: {} });
  await app.kill();
  expect(isRunning(app.pid)).toBe(false);
});

it('an app that ends at its start fails with its last words', async () => {
  const dying = script('dying', "console.error('DATABASE_URL is missing'); process.exit(1);");
  await expect(startScript(dying, { app: 'dying', env: {} })).rejects.toThrow(
    /ended with 1[^]*DATABASE_URL is missing/,
  );
});

it('an app that never becomes ready is killed and reported', async () => {
  const mute = script('mute', "console.log('pid ' + process.pid); setInterval(() => undefined, 1000);");
  const failure = await startScript(mute, { app: 'mute', env: {}, readyWithinMs: 500 }).catch(
    (error: Error) => error.message,
  );
  expect(failure).toContain('mute did not become ready');
  expect(isRunning(Number(/pid (\d+)/.exec(String(failure))?.[1]))).toBe(false);
});

it('an app sees nothing of the tests’ own environment', async () => {
  process.env.PONTE_TEST_SECRET = 'leak';
  const curious = script('curious', `${willing}\nconsole.log('leak: ' + process.env.PONTE_TEST_SECRET);`);
  const app = await startScript(curious, { app: 'curious', env: {} });
  expect(app.logs()).toContain('leak: undefined');
  await app.stop();
});

it('an app that is not built is named with the command to run', async () => {
  await expect(startChildApp({ app: 'nowhere', env: {} })).rejects.toThrow('nest build');
});
