import { setTimeout as delay } from 'node:timers/promises';
import { Logger, makeWorkerUtils, run, type TaskList } from 'graphile-worker';
import pg from 'pg';
import { privateDatabase } from '#libs/testing';
import type { LanesShape } from './ponte-engine.ts';

export interface QueuesRound {
  /** Jobs per second. */
  rate: number;
  /** Jobs that began while another of their queue ran, or before an earlier one of it. */
  outOfOrder: number;
}

/**
 * `in-order`: a job is fetched by the worker that runs it, which is what keeps a named queue one after the other.
 * `batched`: its own page's settings for speed, jobs fetched by hundreds into a local queue; that lets jobs of one named
 * queue run beside each other (graphile/worker issue 621), so it gives less than a lane does.
 */
export type QueuesMode = 'in-order' | 'batched';

const JOBS_AT_ONCE = 24;
const LOCAL_QUEUE = 500;
const ADDED_AT_ONCE = 5_000;
/** A round ends here, done or not: what was done by then counts. */
const LONGEST_ROUND_MS = { 'in-order': 4_000, batched: 20_000 };

const silence = new Logger(() => () => undefined);

/** graphile-worker with one named queue for each lane, on a database of its own and with a task that does nothing. */
export async function queuesRound(shape: LanesShape, mode: QueuesMode): Promise<QueuesRound> {
  const database = await privateDatabase();
  const pgPool = new pg.Pool({ connectionString: database.adminUrl, max: JOBS_AT_ONCE + 1 });
  pgPool.on('error', () => undefined);
  pgPool.on('connect', (client) => client.on('error', () => undefined));
  await addJobs(pgPool, shape);
  await pgPool.query('vacuum analyze');
  const wanted = shape.lanes * shape.each;
  const watched = new WatchedTask();
  const begun = performance.now();
  const worker = {
    concurrentJobs: JOBS_AT_ONCE,
    completeJobBatchDelay: 0,
    failJobBatchDelay: 0,
    logger: silence,
    pollInterval: 100,
    ...(mode === 'batched' && { localQueue: { size: LOCAL_QUEUE } }),
  };
  const runner = await run({ pgPool, taskList: watched.tasks, noHandleSignals: true, preset: { worker } });
  while (watched.done < wanted && performance.now() - begun < LONGEST_ROUND_MS[mode]) await delay(5);
  const done = watched.done;
  const seconds = (performance.now() - begun) / 1_000;
  await runner.stop();
  await pgPool.end();
  await database.drop();
  return { rate: done / seconds, outOfOrder: watched.outOfOrder };
}

/** Does nothing, and sees whether jobs of one queue come one after the other. */
class WatchedTask {
  done = 0;
  outOfOrder = 0;
  private readonly running = new Set<number>();
  private readonly last = new Map<number, number>();

  readonly tasks: TaskList = {
    put: async (payload) => {
      const { lane, turn } = payload as { lane: number; turn: number };
      if (this.running.has(lane) || (this.last.get(lane) ?? -1) !== turn - 1) this.outOfOrder += 1;
      this.running.add(lane);
      this.last.set(lane, turn);
      await Promise.resolve();
      this.running.delete(lane);
      this.done += 1;
    },
  };
}

async function addJobs(pgPool: pg.Pool, { lanes, each }: LanesShape): Promise<void> {
  const utils = await makeWorkerUtils({ pgPool, logger: silence });
  await utils.migrate();
  const jobs = Array.from({ length: lanes * each }, (_, n) => {
    const [lane, turn] = [n % lanes, Math.floor(n / lanes)];
    const payload = { lane, turn, number: '4711', amount: '1250.00' };
    return { identifier: 'put', payload, queueName: `receivable/${lane}` };
  });
  for (let from = 0; from < jobs.length; from += ADDED_AT_ONCE)
    await utils.addJobs(jobs.slice(from, from + ADDED_AT_ONCE));
  await utils.release();
}
