import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { delivered, type IntegrationRef } from '#libs/contracts';
import { DELIVERY_MIGRATIONS, DeliveryEngine, type Courier } from '#libs/delivery';
import { connectionSettings, inTransaction, migrate, SystemClock } from '#libs/runtime';
import { privateDatabase } from '#libs/testing';

/** So many lanes, on each of which so many deliveries wait. */
export interface LanesShape {
  lanes: number;
  each: number;
}

const SCHEMA = 'ledger';
const OPERATION = 'bench.put';
const LANES_IN_HAND = 600;
const PLANNED_AT_ONCE = 1_000;
const REF: IntegrationRef = { id: '1', name: 'bench', source: '/erp/bench', company: '1' };
const CAUSE = { source: REF.source, company: REF.company, subject: 'receivable/1' };

/** A ledger nobody has used, its deliveries planned and waiting. */
export interface FilledLedger {
  pool: pg.Pool;
  drop(): Promise<void>;
}

export async function freshLedger(): Promise<FilledLedger> {
  const database = await privateDatabase();
  await migrate(database.url, SCHEMA, DELIVERY_MIGRATIONS);
  // Filling and vacuuming a million rows may take longer than a statement of the product ever may.
  const wish = { url: database.url, schema: SCHEMA, applicationName: 'bench', statementTimeoutMs: 300_000 };
  const settings = connectionSettings(wish);
  const pool = new pg.Pool({ ...settings, max: 20 });
  return {
    pool,
    drop: async () => {
      await pool.end();
      await database.drop();
    },
  };
}

/**
 * The engine as a connector runs it, with a partner that answers at once: claims lanes in order, calls, settles, writes
 * attempts and outcome rows. @returns deliveries per second, the last one settled
 */
export async function engineRound({ lanes, each }: LanesShape, perLane: number): Promise<number> {
  const ledger = await freshLedger();
  let called = 0;
  const engine = engineOn(ledger.pool, perLane, () => (called += 1));
  await engine.prepare();
  for (let turn = 0; turn < each; turn += 1) await plan(ledger.pool, engine, lanes, turn);
  await engine.endpoints.limit('1', 10_000);
  await ledger.pool.query('vacuum analyze');
  const begun = performance.now();
  engine.start();
  while (called < lanes * each || (await isOpen(ledger.pool))) await delay(5);
  const rate = (lanes * each * 1_000) / (performance.now() - begun);
  await engine.stop();
  await requireAllSettled(ledger.pool, lanes * each);
  await ledger.drop();
  return rate;
}

function engineOn(pool: pg.Pool, perLane: number, onCall: () => void): DeliveryEngine {
  return new DeliveryEngine({
    connector: 'bench',
    pool,
    clock: new SystemClock(),
    queue: 'bench.events',
    replica: 'bench',
    planner: { knows: () => true, plan: async () => [] },
    courier: idleCourier(onCall),
    vault: { seal: (content) => content, open: (sealed) => sealed },
    refOf: () => REF,
    lanesMax: LANES_IN_HAND,
    perLane,
    onTrouble: (what, error) => process.stderr.write(`${what}: ${error.message}\n`),
  });
}

/** Answers at once and does nothing. */
function idleCourier(onCall: () => void): Courier {
  return {
    operations: [OPERATION],
    continuesAfterRefusal: () => false,
    limitsOf: async () => ({ attempts: 3, deadlineMs: 10_000 }),
    deliver: async ({ body }) => {
      onCall();
      return { outcome: delivered('cx-1'), exchange: { request: body } };
    },
    resumed: () => undefined,
  };
}

async function plan(pool: pg.Pool, engine: DeliveryEngine, lanes: number, turn: number): Promise<void> {
  for (let from = 0; from < lanes; from += PLANNED_AT_ONCE) {
    const deliveries = Array.from({ length: Math.min(PLANNED_AT_ONCE, lanes - from) }, (_, at) => ({
      operation: OPERATION,
      lane: `receivable/${from + at}`,
      kind: 'movement' as const,
      body: { number: '4711', amount: '1250.00', turn },
    }));
    const work = [{ cause: CAUSE, plans: [{ integrationId: '1', deliveries }] }];
    await inTransaction(pool, (client) => engine.schedule(client, work));
  }
}

async function isOpen(pool: pg.Pool): Promise<boolean> {
  return (await pool.query('select from delivery limit 1')).rowCount !== 0;
}

/** A figure counts only for work that was done: a settled row, an attempt and an outcome row of each. */
async function requireAllSettled(pool: pg.Pool, wanted: number): Promise<void> {
  const { rows } = await pool.query<Record<'settled' | 'attempts' | 'outcomes', number>>(
    `select (select count(*)::int from delivery_settled where state = 'delivered') as settled,
       (select count(*)::int from attempt) as attempts, (select count(*)::int from outbox) as outcomes`,
  );
  const { settled, attempts, outcomes } = rows[0]!;
  if (settled !== wanted || attempts !== wanted || outcomes < wanted)
    throw new Error(`of ${wanted} deliveries ${settled} are settled, ${attempts} tried, ${outcomes} told`);
}
