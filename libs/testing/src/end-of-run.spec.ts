import { expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { endOfRun } from './end-of-run.js';
import { eventually } from './eventually.js';
import { askManagement } from './management-api.js';
import { privateDatabase } from './private-database.js';
import { privateVhost } from './private-vhost.js';
import { sharedData } from './shared-data.js';
import { isLeftOver, newTestRun, testName } from './test-run.js';
import { findTestStack } from './test-stack.js';

/** Makes everything inside belong to another run than the one this file is part of. */
async function asRun<Result>(run: string, work: () => Promise<Result>): Promise<Result> {
  const own = process.env.PONTE_TEST_RUN;
  process.env.PONTE_TEST_RUN = run;
  try {
    return await work();
  } finally {
    process.env.PONTE_TEST_RUN = own;
  }
}

it('what a run left behind is removed, what other runs use stays', async () => {
  const run = newTestRun(1);
  const kept = await privateVhost();
  const left = await asRun(run, async () => ({ database: await privateDatabase(), vhost: await privateVhost() }));
  await endOfRun(run);
  const { adminManagementUrl } = findTestStack();
  const vhosts = (await askManagement('GET', adminManagementUrl, '/vhosts')) as { name: string }[];
  expect(vhosts.map(({ name }) => name)).toContain(kept.vhost);
  expect(vhosts.map(({ name }) => name)).not.toContain(left.vhost.vhost);
  await expect(privateDatabaseStillOpens(left.database.url)).rejects.toThrow('does not exist');
  await kept.drop();
});

it('an app that a test forgot is killed and reported', async () => {
  const run = newTestRun(2);
  const env = { PONTE_CHILD_APP_OF: run };
  const app = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], { env });
  await once(app, 'spawn');
  try {
    const lines = await endOfRun(run);
    expect(lines).toEqual([`A test left an app running (process ${app.pid}); it was killed.`]);
    await eventually(() => expect(app.signalCode).toBe('SIGKILL'), { withinMs: 2_000 });
  } finally {
    app.kill('SIGKILL');
  }
});

it('data that is not here is reported once per file', async () => {
  const run = newTestRun(3);
  await asRun(run, async () => {
    expect(sharedData('data/no-such-file.csv')).toBeUndefined();
    expect(sharedData('data/no-such-file.csv')).toBeUndefined();
  });
  const line = 'Left out: the tests that need ../shared/data/no-such-file.csv, which is not here.';
  expect(await endOfRun(run)).toEqual([line]);
  expect(await endOfRun(run)).toEqual([]);
});

it('a name is left over when its run is over or began hours ago', () => {
  const now = 1_800_000_000;
  const start = (secondsAgo: number) => `${(now - secondsAgo).toString(36)}_77`;
  const ours = start(60);
  expect(isLeftOver(testName(ours, 'a1'), ours, now)).toBe(true);
  expect(isLeftOver(testName(start(120), 'a1'), ours, now)).toBe(false);
  expect(isLeftOver(testName(start(4 * 3600), 'a1'), ours, now)).toBe(true);
  expect(isLeftOver('ponte', ours, now)).toBe(false);
});

async function privateDatabaseStillOpens(url: string): Promise<void> {
  const { Client } = await import('pg');
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.end();
}
