import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { privateDatabase } from '#libs/testing';
import { unmet } from '../expectations.ts';
import type { Scenario } from '../harness/scenario.ts';
import {
  COUNT_RUNS,
  MAKE_INTEGRATIONS,
  MISCOUNTED,
  PLAN_FOR_ALL,
  RUNS_IN_ORDER,
  RUNS_TOLD,
  SCHEMA,
} from './replica/windows.sql.ts';

const INTEGRATIONS = 100;
const WINDOWS = 1_000;
const WITHIN_MS = 90_000;
const PLAN_EVERY_MS = 200;
const MINUTE = 60_000;
/** How far off the replicas' clocks are. */
const CLOCKS = [0, 5 * MINUTE, -5 * MINUTE, 24 * 60 * MINUTE, -1_500];

const script = fileURLToPath(new URL('replica/cadence-replica.ts', import.meta.url));

interface Run {
  integration: string;
  local: string;
  started_by: string;
  from_position: string;
  last_up_to: string | null;
  early: boolean;
  same_window: number;
}

export const scenario: Scenario = {
  name: 'schedule-in-five-replicas',
  rows: [58, 63],
  says: 'A window fires once in five replicas with wrong clocks, never early, and what it lets go is in one run.',
  async run() {
    const database = await privateDatabase();
    // As the replicas have it: what a trigger of their tables writes is found there.
    const client = new Client({ connectionString: database.url, options: `-c search_path=${SCHEMA},public` });
    client.on('error', () => undefined);
    let replicas: ChildProcess[] = [];
    try {
      await client.connect();
      replicas = await startReplicas(database.url);
      await client.query(MAKE_INTEGRATIONS, [INTEGRATIONS]);
      for (const replica of replicas) replica.send('go');
      await planUntilEnough(client);
      const troubles = (await Promise.all(replicas.map(stop))).flat();
      const runs = (await client.query<Run>(RUNS_IN_ORDER)).rows;
      const miscounted = (await client.query(MISCOUNTED)).rows;
      const told = (await client.query<{ told: number; runs: number }>(RUNS_TOLD)).rows[0]!;
      return { broken: [...judge(runs, miscounted.length, told), ...troubles], note: noteOf(runs) };
    } finally {
      for (const replica of replicas) replica.kill('SIGKILL');
      await client.end();
      await database.drop();
    }
  },
};

function judge(runs: readonly Run[], miscounted: number, told: { told: number; runs: number }): string[] {
  const early = runs.filter((run) => run.early);
  const twice = runs.filter((run) => run.same_window > 1);
  const torn = runs.filter((run) => run.last_up_to !== null && run.last_up_to !== run.from_position);
  return unmet({
    [`${runs.length} windows have fired, and ${WINDOWS} should`]: runs.length >= WINDOWS,
    [`no window fires early, and ${early.length} did`]: early.length === 0,
    [`no window fires twice, and ${twice.length} did`]: twice.length === 0,
    [`each run begins where the last ended, and ${torn.length} do not`]: torn.length === 0,
    [`each delivery is in one run, and ${miscounted} are not`]: miscounted === 0,
    'each run is told once': told.told === runs.length && told.runs === runs.length,
    'more than one replica fires': new Set(runs.map((run) => run.started_by)).size > 1,
  });
}

function noteOf(runs: readonly Run[]): string {
  return `${runs.length} windows of ${INTEGRATIONS} integrations, fired by ${new Set(runs.map((run) => run.started_by)).size} of ${CLOCKS.length} replicas`;
}

function startReplicas(url: string): Promise<ChildProcess[]> {
  return Promise.all(
    CLOCKS.map(async (offMs, at) => {
      // Without our own loader of sources: the replicas run what is built.
      const child = fork(script, [url, `replica-${at + 1}`, String(offMs)], { execArgv: [] });
      await heard(child);
      return child;
    }),
  );
}

async function planUntilEnough(client: Client): Promise<void> {
  const giveUpAt = performance.now() + WITHIN_MS;
  while (performance.now() < giveUpAt) {
    await client.query(PLAN_FOR_ALL);
    const { runs } = (await client.query<{ runs: number }>(COUNT_RUNS)).rows[0]!;
    if (runs >= WINDOWS) return;
    await delay(PLAN_EVERY_MS);
  }
}

/** @returns what went wrong in it */
async function stop(replica: ChildProcess): Promise<string[]> {
  const answer = heard<string[]>(replica);
  replica.send('stop');
  return answer;
}

/** @returns the next it says. @throws Error when it ends before */
async function heard<Said>(replica: ChildProcess): Promise<Said> {
  const over = new AbortController();
  const ended = once(replica, 'disconnect', over).then(() => Promise.reject(new Error('a replica ended in silence')));
  try {
    return (await Promise.race([once(replica, 'message', over), ended]))[0] as Said;
  } finally {
    over.abort();
  }
}
