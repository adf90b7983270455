/**
 * One of several replicas that look whether a window has come: `cadence-replica.ts <database url> <name> <clock off by, ms>`.
 * A process of its own, on the built libs. Says `ready`; ticks from `go` on; at `stop` it says what went wrong.
 */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'pg';
import { delivered, type IntegrationRef } from '#libs/contracts';
import { DELIVERY_MIGRATIONS, DeliveryEngine, type Courier, type Planner } from '#libs/delivery';
import { connectionSettings, migrate, SystemClock } from '#libs/runtime';
import { SCHEMA } from './windows.sql.ts';

const TICK_MS = 50;
const [url, replica, offMs] = process.argv.slice(2) as [string, string, string];

class WrongClock extends SystemClock {
  override now(): Date {
    return new Date(super.now().getTime() + Number(offMs));
  }
}

const planner: Planner = { plan: async () => [], knows: () => true };
const courier: Courier = {
  operations: [],
  continuesAfterRefusal: () => false,
  limitsOf: async () => ({ attempts: 1, deadlineMs: 1_000 }),
  deliver: async () => ({ outcome: delivered() }),
  resumed: () => undefined,
};
const refOf = (id: string): IntegrationRef => ({ id, name: id, source: '/erp/demo', company: id });
const troubles: string[] = [];

await migrate(url, SCHEMA, DELIVERY_MIGRATIONS);
const pool = new Pool({ ...connectionSettings({ url, schema: SCHEMA, applicationName: replica }), max: 3 });
const engine = new DeliveryEngine({
  connector: 'demo',
  pool,
  clock: new WrongClock(),
  queue: 'demo.events',
  replica,
  planner,
  courier,
  vault: { seal: (content) => content, open: (sealed) => sealed },
  refOf,
  onTrouble: (what, error) => troubles.push(`${replica} ${what}: ${error.message}`),
});
await engine.prepare();

const stopping = new AbortController();
process.on('disconnect', () => process.exit(0));
process.send!('ready');
const [told] = await once(process, 'message');
if (told === 'go') {
  process.once('message', () => stopping.abort());
  while (!stopping.signal.aborted) {
    await engine.cadences.tick().catch((error: Error) => troubles.push(`${replica}: ${error.message}`));
    await delay(TICK_MS);
  }
}
await pool.end();
process.send!(troubles, () => process.exit(0));
