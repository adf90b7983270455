import { readdirSync, readFileSync } from 'node:fs';
import { askManagement } from './management-api.js';
import { asAdmin } from './private-database.js';
import * as sql from './private-database.sql.js';
import { takeLeftOut } from './shared-data.js';
import { isLeftOver } from './test-run.js';
import { findTestStack } from './test-stack.js';

/**
 * Removes what the run left behind: apps still running, databases, vhosts, and those of old runs that were cut off.
 * Gives the lines a person must read: tests left out for missing data, apps a test forgot to stop.
 */
export async function endOfRun(run: string): Promise<string[]> {
  const forgotten = killChildApps(run).map((pid) => `A test left an app running (process ${pid}); it was killed.`);
  const leftOut = takeLeftOut(run).map((path) => `Left out: the tests that need ../shared/${path}, which is not here.`);
  if (hasStack()) {
    await dropDatabases(run);
    await dropVhosts(run);
  }
  return [...forgotten, ...leftOut];
}

/** Child apps carry the run in their environment. Seen on Linux only. */
function killChildApps(run: string): number[] {
  if (process.platform !== 'linux') return [];
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => {
    try {
      if (!readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`PONTE_CHILD_APP_OF=${run}`)) return false;
      process.kill(pid, 'SIGKILL');
      return true;
    } catch {
      return false; // gone meanwhile, or somebody else's
    }
  });
}

async function dropDatabases(run: string): Promise<void> {
  await asAdmin(async (admin) => {
    const { rows } = await admin.query<{ name: string }>(sql.SELECT_DATABASES_OF_TESTS);
    for (const { name } of rows.filter((row) => isLeftOver(row.name, run))) await admin.query(sql.dropDatabase(name));
  });
}

async function dropVhosts(run: string): Promise<void> {
  const { adminManagementUrl } = findTestStack();
  const vhosts = (await askManagement('GET', adminManagementUrl, '/vhosts')) as { name: string }[];
  for (const { name } of vhosts.filter((vhost) => isLeftOver(vhost.name, run))) {
    await askManagement('DELETE', adminManagementUrl, `/vhosts/${name}`);
  }
}

/** Tests of pure functions run without any stack. */
function hasStack(): boolean {
  try {
    findTestStack();
    return true;
  } catch {
    return false;
  }
}
