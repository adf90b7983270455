/**
 * How fast the engine alone is: deliveries a second with a partner that answers at once, attempts and outcome rows
 * included, each round on a fresh ledger.
 *
 *   npx nest build audit && node dist/libs/delivery/test/bench/throughput.bench.js [lanes=10000] [each=1] [perLane=1]
 *     [lanesMax=600] [rounds=5]
 *
 * Needs the stack (`npm run stack -- up`). `each` deliveries wait on every lane; a claim takes `perLane` of them.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { inTransaction } from '#libs/runtime';
import type { DeliveryEngine } from '../../src/index.js';
import { integrationRef } from '../ledger.js';
import { WAITING } from '../ledger.sql.js';
import { movement } from '../scripted-planner.js';
import { engineOn, freshLedger, idleCourier, median, say, sayMachine, setting } from './bench-ledger.js';

const lanes = setting('lanes', 10_000);
const each = setting('each', 1);
const perLane = setting('perLane', 1);
const lanesMax = setting('lanesMax', 600);
const rounds = setting('rounds', 5);
const LOAD = 1_000;

type Ledger = Awaited<ReturnType<typeof freshLedger>>;

sayMachine();
say(`${lanes} lanes × ${each}, ${perLane} of a lane per claim, at most ${lanesMax} lanes in hand`);
const rates: number[] = [];
for (let round = 1; round <= rounds; round += 1) {
  const { rate, cpu } = await measure();
  rates.push(rate);
  say(`round ${round}: ${Math.round(rate)} deliveries/s, ${cpu.toFixed(0)} µs of this process each`);
}
say(`median ${Math.round(median(rates))}, from ${Math.round(Math.min(...rates))} to ${Math.round(Math.max(...rates))}`);

async function measure(): Promise<{ rate: number; cpu: number }> {
  const ledger = await freshLedger();
  let called = 0;
  const engine = await engineOn({ pool: ledger.pool, courier: idleCourier(() => (called += 1)), lanesMax, perLane });
  for (let turn = 0; turn < each; turn += 1) await load(ledger, engine, turn);
  await engine.endpoints.limit('1', 10_000);
  await ledger.pool.query('vacuum analyze');
  const startedAt = performance.now();
  const before = process.cpuUsage();
  engine.start();
  while (called < lanes * each || (await waiting(ledger)) > 0) await delay(5);
  const seconds = (performance.now() - startedAt) / 1_000;
  const { user, system } = process.cpuUsage(before);
  await engine.stop();
  await ledger.drop();
  return { rate: (lanes * each) / seconds, cpu: (user + system) / (lanes * each) };
}

async function load({ pool }: Ledger, engine: DeliveryEngine, turn: number): Promise<void> {
  const { source, company } = integrationRef('1');
  const cause = { source, company, subject: 'receivable/1' };
  for (let from = 0; from < lanes; from += LOAD) {
    const deliveries = Array.from({ length: Math.min(LOAD, lanes - from) }, (_, at) =>
      movement(`receivable/${from + at}`, { number: '4711', amount: '1250.00', turn }),
    );
    await inTransaction(pool, (client) =>
      engine.schedule(client, [{ cause, plans: [{ integrationId: '1', deliveries }] }]),
    );
  }
}

async function waiting({ pool }: Ledger): Promise<number> {
  return (await pool.query<{ waiting: number }>(WAITING)).rows[0]!.waiting;
}
