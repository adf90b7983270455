import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { findTestStack } from '#libs/testing';

const run = promisify(execFile);
const QUICK = ['late-commit', 'acks-lost', 'confirms-lost'];

/** `npm run chaos` as a person types it, on the servers and the build of these tests. */
async function chaos(...words: string[]): Promise<{ code: number; output: string }> {
  const { adminDatabaseUrl, testDatabaseUrl, amqpUrl, adminManagementUrl } = findTestStack();
  const env = {
    ...process.env,
    NODE_OPTIONS: '',
    PONTE_TEST_DATABASE_URL: adminDatabaseUrl,
    PONTE_TEST_OWNER_URL: testDatabaseUrl,
    PONTE_TEST_AMQP_URL: amqpUrl,
    PONTE_TEST_MANAGEMENT_URL: adminManagementUrl,
  };
  const fromSource = pathToFileURL(join(process.cwd(), 'libs', 'testing', 'run', 'source.mjs')).href;
  const args = ['--import', fromSource, join('tools', 'chaos', 'main.ts'), '--as-built', ...words];
  try {
    const { stdout, stderr } = await run(process.execPath, args, { env });
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, output: stdout + stderr };
  }
}

describe('npm run chaos', () => {
  it('lists every scenario with what must be true of it', async () => {
    const { code, output } = await chaos('--list');
    expect(code).toBe(0);
    for (const name of QUICK)
      expect(output).toMatch(new RegExp(`^relay +${name} +[A-Z].+\\.|^broker +${name} +[A-Z].+\\.`, 'm'));
  });

  it('says which names it does not know, and fails', async () => {
    const { code, output } = await chaos('late-comit');
    expect(code).toBe(1);
    expect(output).toContain('No scenario is called late-comit');
  });

  it('ends with nothing lost, doubled, reordered, stuck or broken in the quickest of them', async () => {
    const { code, output } = await chaos('--patience', '3', ...QUICK);
    expect(output).toContain(`: ${QUICK.length} ok, 0 lost, 0 doubled, 0 reordered, 0 stuck, 0 broken`);
    expect(code).toBe(0);
  }, 600_000);
});
