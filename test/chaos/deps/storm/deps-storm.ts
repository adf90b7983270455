import { eventually } from '#libs/testing';
import { DepsInWorld } from '../../../world/deps.ts';
import type { World } from '../../../world/world.ts';
import { isGone } from '../../../faults/process-state.ts';
import { declareAuditQueue } from '../../calm-world.ts';
import type { Chaos, Finding } from '../../harness/scenario.ts';
import { ledger } from '../../ledger.ts';
import * as sql from './deps-storm.sql.ts';

export const COMPANY = '1';

/** Where DEPS takes batches of titles, and where it sells analyses. */
export const BATCHES = '/api/v3/contas-receber';
export const QUERIES = '/api/v3/consultas/depsmix';

/** On a machine much slower than any it should run on. */
const WITHIN_MS = 120_000;
/** How long DEPS may take to show what it did, as the connector believes. */
const SHOWS_WITHIN_MS = 120_000;

export interface DepsStorm {
  world: World;
  /** Processes of the connector, on one database. */
  replicas: DepsInWorld[];
  integration: string;
}

export interface StormWish {
  replicas: number;
  /** Whether the ERP's events are brought: what is asked for over HTTP needs none. */
  reader?: boolean;
  settings?: Record<string, unknown>;
}

/** One company, its account at DEPS and the connector's processes, which end with the run; everything well. */
export async function withDeps(
  chaos: Chaos,
  { replicas: count, reader = false, settings = {} }: StormWish,
  run: (storm: DepsStorm) => Promise<Finding>,
): Promise<Finding> {
  const required = { REQUIRED_QUEUES: 'deps-connector.events,audit.events' };
  const world = await chaos.world({ environment: { 'erp-outbox-reader': required } });
  await Promise.all([world.start('sandbox'), declareAuditQueue(world)]);
  const replicas: DepsInWorld[] = [];
  try {
    // The first of them makes the tables.
    while (replicas.length < count) replicas.push(await DepsInWorld.start(world));
    if (reader) await world.start('erp-outbox-reader');
    const [first] = replicas as [DepsInWorld];
    await first.openAccounts([COMPANY]);
    const short = { deadlineSeconds: 3, ...settings };
    const { id } = await first.integrate({ company: COMPANY, settings: short });
    if (reader) await first.loaded(id);
    else await first.ask('POST', `/integrations/${id}/loads/begin-without-backfill`);
    return await run({ world, replicas, integration: id });
  } finally {
    for (const replica of replicas) await replica.close().catch(() => undefined); // killed ones have no end to come to
  }
}

/** @see apps/sandbox/README.md */
export function setFaults({ world }: DepsStorm, faults: Record<string, unknown>): Promise<unknown> {
  return world.ask('sandbox', 'PUT', '/control/deps/faults', faults);
}

/** How many calls were hit since the faults were set. */
export async function hits({ world }: DepsStorm): Promise<number> {
  return (await world.ask<{ hit: number }>('sandbox', 'GET', '/control/deps/faults')).hit;
}

export async function clearFaults(storm: DepsStorm): Promise<number> {
  const hit = await hits(storm);
  await storm.world.ask('sandbox', 'DELETE', '/control/deps/faults');
  return hit;
}

/** A call as the sandbox logs it. */
export interface LoggedCall {
  at: string;
  path: string;
  /** The batch, or the document of a query. */
  externalId?: string;
  status: number | null;
  fault?: string;
}

export async function calls({ world }: DepsStorm): Promise<LoggedCall[]> {
  type Log = { items: LoggedCall[]; next?: number; dropped: number };
  const log = await world.ask<Log>('sandbox', 'GET', '/control/deps/calls?limit=20000');
  if (log.dropped > 0 || log.next !== undefined) throw new Error('the call log is too short for a verdict');
  return log.items;
}

export function until(probe: () => Promise<boolean> | boolean, withinMs = WITHIN_MS): Promise<unknown> {
  return eventually(probe, { withinMs, everyMs: 50 });
}

/** The same, and the waits between tries are passed over: they are not what is looked at. */
export function hurryUntil({ world }: DepsStorm, probe: () => Promise<boolean>): Promise<unknown> {
  return until(async () => {
    await ledger(world, sql.LET_RETRIES_COME);
    return probe();
  });
}

/** An environment in which a process ends itself at a point of its way. */
export function endsAt(point: string, pass: number): Record<string, string> {
  return { NODE_ENV: 'test', FAULT_POINT: `${point}:kill:${pass}` };
}

/** Resolves when a process that was armed is gone. */
export async function ended({ app }: DepsInWorld): Promise<void> {
  await until(() => isGone(app.pid) && app.logs().some((line) => line.startsWith('fault point ')));
}

/**
 * Until nothing goes on by itself any more, all waits passed over, those for what DEPS may still show included.
 * @returns what is stuck: nothing, where it came to its end
 */
export async function quiet({ world }: DepsStorm, withinMs = WITHIN_MS): Promise<string[]> {
  const isQuiet = async () => {
    await ledger(world, sql.AGE_INTENTS, [SHOWS_WITHIN_MS]);
    await ledger(world, sql.LET_RETRIES_COME);
    const [open] = await ledger<{ moving: number }>(world, sql.OPEN_DELIVERIES);
    if (open!.moving > 0) throw new Error(`${open!.moving} deliveries still go on by themselves`);
  };
  return eventually(isQuiet, { withinMs, everyMs: 250 }).then(
    () => [],
    (error: Error) => [error.message],
  );
}

/** Deliveries that wait for a person. */
export async function waitingForPerson({ world }: DepsStorm): Promise<number> {
  return (await ledger<{ waiting: number }>(world, sql.OPEN_DELIVERIES))[0]!.waiting;
}
