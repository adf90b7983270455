import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import * as sql from './private-database.sql.js';
import { testName, testRun } from './test-run.js';
import { findTestStack } from './test-stack.js';

const partingMs = 500;
const partingPollMs = 10;

export type PrivateDatabase = {
  /** As the role that owns the database and has no other right. */
  url: string;
  /** The same database as a superuser, for what a test must look at or arrange behind an app's back. */
  adminUrl: string;
  /** Connections still open are cut. */
  drop(): Promise<void>;
};

export type PrivateDatabaseOptions = {
  /** Brings an empty database to what the test needs; must have closed its connections when it resolves. */
  migrate?: (url: string) => Promise<void>;
  /** Names what `migrate` makes: it then runs once per test run, and every database of that name is a copy. */
  template?: string;
};

/** A database of the calling test file's own: nobody else sees it, and it may be broken at will. */
export async function privateDatabase(options: PrivateDatabaseOptions = {}): Promise<PrivateDatabase> {
  const { migrate, template } = options;
  const name = testName(testRun(), randomBytes(6).toString('hex'));
  if (template === undefined || migrate === undefined) {
    await asAdmin((admin) => admin.query(sql.createDatabase(name, ownerRole())));
    await migrate?.(urlOf(name).url);
  } else {
    const source = testName(testRun(), `template_${shortHash(template)}`);
    await asAdmin(async (admin) => {
      await makeTemplateOnce(admin, source, migrate);
      await admin.query(sql.cloneDatabase(name, source, ownerRole()));
    });
  }
  return { ...urlOf(name), drop: () => asAdmin((admin) => drop(admin, name)) };
}

/**
 * A pool that has ended may have a server process still on its way out; cut, it would throw at whoever listens no more.
 * So those get a moment; what stays open is cut.
 */
async function drop(admin: Client, name: string): Promise<void> {
  const giveUpAt = performance.now() + partingMs;
  while (performance.now() < giveUpAt) {
    const { open } = (await admin.query<{ open: number }>(sql.COUNT_CONNECTIONS, [name])).rows[0]!;
    if (open === 0) break;
    await delay(partingPollMs);
  }
  await admin.query(sql.dropDatabase(name));
}

/**
 * Test files run in several processes: the first to take the lock migrates, the others find the template ready. A
 * template whose migration failed keeps its other name and is made again.
 */
async function makeTemplateOnce(admin: Client, source: string, migrate: (url: string) => Promise<void>): Promise<void> {
  await admin.query(sql.LOCK_TEMPLATE, [source]);
  try {
    if ((await admin.query(sql.SELECT_DATABASE, [source])).rowCount !== 0) return;
    const unfinished = `${source}_unfinished`;
    await admin.query(sql.dropDatabase(unfinished));
    await admin.query(sql.createDatabase(unfinished, ownerRole()));
    await migrate(urlOf(unfinished).url);
    await admin.query(sql.renameDatabase(unfinished, source));
  } finally {
    await admin.query(sql.UNLOCK_TEMPLATE, [source]);
  }
}

/** PostgreSQL cuts names at 63 letters: two long ones that begin alike would be one. */
function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 10);
}

function ownerRole(): string {
  return new URL(findTestStack().testDatabaseUrl).username;
}

function urlOf(database: string): { url: string; adminUrl: string } {
  const { testDatabaseUrl, adminDatabaseUrl } = findTestStack();
  const named = (url: string) => Object.assign(new URL(url), { pathname: `/${database}` }).href;
  return { url: named(testDatabaseUrl), adminUrl: named(adminDatabaseUrl) };
}

/** One connection as the role that may create databases, closed after. */
export async function asAdmin<Result>(work: (admin: Client) => Promise<Result>): Promise<Result> {
  const admin = new Client({ connectionString: findTestStack().adminDatabaseUrl });
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.end();
  }
}
