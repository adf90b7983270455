import { cpus } from 'node:os';
import { delivered } from '#libs/contracts';
import { SystemClock } from '#libs/runtime';
import { privateDatabase } from '#libs/testing';
import { DeliveryEngine, type Courier, type EngineOptions } from '../../src/index.js';
import { integrationRef, LEDGER, openPool, VAULT } from '../ledger.js';
import { ScriptedPlanner } from '../scripted-planner.js';

/** `name=value` among the arguments. */
export function setting(name: string, otherwise: number): number {
  const given = process.argv.find((argument) => argument.startsWith(`${name}=`));
  return Number(given?.slice(name.length + 1) ?? otherwise);
}

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function sayMachine(): void {
  say(`node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}; one Postgres on the same machine`);
}

export function median(numbers: readonly number[]): number {
  return numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)]!;
}

/** A ledger nobody has used, in a database of its own. */
export async function freshLedger() {
  const database = await privateDatabase(LEDGER);
  const pool = openPool(database.url, 20);
  return {
    pool,
    async drop(): Promise<void> {
      await pool.end();
      await database.drop();
    },
  };
}

/** Answers at once and does nothing. */
export function idleCourier(onCall: () => void): Courier {
  return {
    operations: ['title.put'],
    continuesAfterRefusal: () => false,
    limitsOf: async () => ({ attempts: 3, deadlineMs: 10_000 }),
    deliver: async ({ body }) => {
      onCall();
      return { outcome: delivered('cx-1'), exchange: { request: body } };
    },
    resumed: () => undefined,
  };
}

export async function engineOn(wish: Pick<EngineOptions, 'pool' | 'courier' | 'lanesMax' | 'perLane'>) {
  const engine = new DeliveryEngine({
    connector: 'bench',
    clock: new SystemClock(),
    queue: 'bench.events',
    replica: 'bench',
    planner: new ScriptedPlanner(),
    vault: VAULT,
    refOf: integrationRef,
    onTrouble: (what, error) => say(`${what}: ${error.message}`),
    ...wish,
  });
  await engine.prepare();
  return engine;
}
