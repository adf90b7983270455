import { quoteTable } from '#libs/outbox';

const TABLE = 'erp_outbox_heartbeat';
/** More jobs than any ERP has: a name with a date in it would else fill the answer. */
const JOBS_MOST = 200;

/** In the schema of the outbox, where the kit puts it. */
export function heartbeatTable(outbox: string): string {
  const schema = outbox.split('.').slice(0, -1);
  return quoteTable([...schema, TABLE].join('.'));
}

/** $1 table as quoted text; one row always */
export const DESCRIBE_HEARTBEATS = `
  select t.id is not null as "isThere", coalesce(has_table_privilege(t.id, 'select'), false) as "mayRead",
    current_user as "user"
  from (select to_regclass($1)::oid as id) t`;

export const readBeats = (table: string) => `
  select job, (extract(epoch from beat_at) * 1000)::float8 as "beatAtMs", every_seconds as "everySeconds"
  from ${table}
  order by job
  limit ${JOBS_MOST}`;
