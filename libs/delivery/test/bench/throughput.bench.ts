import pg from 'pg';
import { SystemClock } from '#libs/runtime';
import { delivered } from '#libs/contracts';
import { DeliveryEngine } from '../../src/index.js';
import { inTransaction } from '#libs/runtime';
import { LEDGER, openPool } from '../ledger.js';
import { ScriptedPlanner, movement } from '../scripted-planner.js';

const [, , adminUrl, lanesText = '10000', eachText = '1', perLaneText = '1', roundsText = '3', lanesMaxText = '200'] =
  process.argv;
const lanes = Number(lanesText),
  each = Number(eachText),
  perLane = Number(perLaneText),
  lanesMax = Number(lanesMaxText);

async function round(at: number) {
  const name = `ponte_bench_${process.pid}_${at}`;
  const admin = new pg.Client({ connectionString: adminUrl });
  await admin.connect();
  await admin.query(`create database ${name}`);
  const url = Object.assign(new URL(adminUrl!), { pathname: `/${name}` }).href;
  await LEDGER.migrate(url);
  const pool = openPool(url, 20);
  pool.on('error', () => undefined);
  let made = 0;
  const engine = new DeliveryEngine({
    connector: 'bench',
    pool,
    clock: new SystemClock(),
    queue: 'q',
    replica: 'r',
    planner: new ScriptedPlanner(),
    courier: {
      operations: ['title.put'],
      continuesAfterRefusal: () => false,
      limitsOf: async () => ({ attempts: 3, deadlineMs: 10_000 }),
      deliver: async () => {
        made += 1;
        return { outcome: delivered('ref'), exchange: { request: { a: 1 } } };
      },
      resumed: () => undefined,
    },
    vault: { seal: (c) => c, open: (c) => c },
    refOf: (id) => ({ id, name: 'x', source: '/erp/demo', company: '1' }),
    lanesMax,
    perLane,
    onTrouble: (w, e) => console.error(w, e),
  });
  await engine.prepare();
  const cause = {
    source: '/erp/demo',
    company: '1',
    branch: '1',
    subject: 'receivable/1',
    id: '0196f0c2-1a2b-7c3d-8e4f-5a6b7c8d0001',
    type: 'erp.receivable.opened.v1',
  };
  for (let n = 0; n < each; n += 1)
    for (let from = 0; from < lanes; from += 1000)
      await inTransaction(pool, (client) =>
        engine.schedule(client, [
          {
            cause: cause as never,
            plans: [
              {
                integrationId: '1',
                deliveries: Array.from({ length: Math.min(1000, lanes - from) }, (_, i) =>
                  movement(`receivable/${from + i}`, { some: 'body', amount: '10.00', n }),
                ),
              },
            ],
          },
        ]),
      );
  await engine.endpoints.limit('1', 1000);
  await pool.query('vacuum analyze');
  const startedAt = performance.now();
  const cpu = process.cpuUsage();
  engine.start();
  while (made < lanes * each) await new Promise((r) => setTimeout(r, 5));
  for (;;) {
    const { rows } = await pool.query('select count(*)::int as n from delivery');
    if (rows[0].n === 0) break;
  }
  const took = performance.now() - startedAt;
  const used = process.cpuUsage(cpu);
  console.log(
    `${lanes}x${each} perLane ${perLane}: ${Math.round(((lanes * each) / took) * 1000)}/s, node cpu ${Math.round((used.user + used.system) / 10 / took)}%`,
  );
  await engine.stop();
  await pool.end();
  await admin.query(`drop database ${name} with (force)`);
  await admin.end();
}
for (let at = 0; at < Number(roundsText); at += 1) await round(at);
process.exit(0);
