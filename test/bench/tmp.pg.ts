import { readFileSync, readdirSync } from 'node:fs';
import pg from 'pg';
import { sampleOf } from '#libs/contracts';
import { OUTBOX_COLUMNS } from '#libs/outbox';
import { outboxStatements } from '../../dist/libs/outbox/src/outbox.sql.js';
import { privateDatabase } from '#libs/testing';
const kit = readFileSync(new URL('../../libs/outbox/sql/erp-outbox.v1.sql', import.meta.url), 'utf8');
const db = await privateDatabase();
const c = new pg.Client({ connectionString: db.adminUrl }); await c.connect();
await c.query(kit);
const rows = 50000;
const { data } = sampleOf('erp.receivable.settled.v1');
const pid = (await c.query('select pg_backend_pid() pid')).rows[0].pid;
const cpu = () => { const st = readFileSync(`/proc/${pid}/stat`, 'utf8'); const f = st.slice(st.lastIndexOf(')')+2).split(' '); return (Number(f[11])+Number(f[12]))*10; };
const fill = async () => { await c.query('truncate erp_outbox restart identity'); await c.query(`insert into erp_outbox (aggregatetype, aggregateid, type, payload, company, branch, sequence, actor)
 select 'receivable', 'T-'||n%5000, 'erp.receivable.settled.v1', $2::jsonb || jsonb_build_object('receivableId', 'T-' || n % 5000, 'sequence', n / 5000), '1', '3', n, 'rui.cobranca' from generate_series(1, $1) n`, [rows, JSON.stringify(data)]); await c.query('analyze erp_outbox'); await c.query('checkpoint'); };
const sql = outboxStatements({ name: 'erp_outbox', columns: OUTBOX_COLUMNS });
const t = async (name: string, f: () => Promise<void>) => { const a = cpu(), n0 = process.cpuUsage(); const b = performance.now(); await f(); const n1 = process.cpuUsage(n0); console.log(name, 'elapsed', ((performance.now()-b)*1000/rows).toFixed(1), 'backend cpu', ((cpu()-a)*1000/rows).toFixed(1), 'node cpu', ((n1.user+n1.system)/rows).toFixed(1), 'µs/row'); };
await fill();
for (const [size, k] of [[1000, 0], [1000, 4000], [2000, 4000], [4000, 4000]] as const) await t(`read ${size} known ${k}`, async () => { for (let p = k; p + size <= rows; p += size) await c.query(sql.readOpen, [String(p - k), `{${Array.from({length: k}, (_, i) => p - k + i + 1).join(',')}}`, size, 1e6, 8e6]); });
await t('payload text only', async () => { for (let p = 0; p < rows; p += 1000) await c.query('select payload::text from erp_outbox where position > $1 order by position limit 1000', [p]); });
await t('no payload', async () => { for (let p = 0; p < rows; p += 1000) await c.query('select position::text as x, id::text, type, company, branch, sequence::text, occurred_at::text from erp_outbox where position > $1 order by position limit 1000', [p]); });
for (const size of [500, 2000, 5000]) { await fill(); await t(`mark ${size}`, async () => { for (let p = 0; p < rows; p += size) await c.query(sql.stamp, [`{${Array.from({length: size}, (_, i) => p + i + 1).join(',')}}`]); }); }
await fill(); await c.query('drop index erp_outbox_parked'); await t('mark w/o parked index', async () => { for (let p = 0; p < rows; p += 2000) await c.query(sql.stamp, [`{${Array.from({length: 2000}, (_, i) => p + i + 1).join(',')}}`]); });
await c.query('alter table erp_outbox drop constraint erp_outbox_id_key'); await fill(); await t('mark w/o id index', async () => { for (let p = 0; p < rows; p += 2000) await c.query(sql.stamp, [`{${Array.from({length: 2000}, (_, i) => p + i + 1).join(',')}}`]); });
await c.end(); await db.drop();
