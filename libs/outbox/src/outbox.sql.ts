import { quoteColumns, quoteTable, type OutboxTable } from './outbox-table.js';

export const BEGIN = 'begin isolation level read committed';
export const COMMIT = 'commit';
export const ROLLBACK = 'rollback';

/** Which transactions are over: all below xmin are, none from xmax on has begun. */
export const SNAPSHOT = `
  select pg_snapshot_xmin(s)::text as xmin, pg_snapshot_xmax(s)::text as xmax from pg_current_snapshot() s`;

const CHANNEL_NAME = /^[a-z_][a-z0-9_]{0,62}$/;

/** @throws RangeError for a channel that is no plain name */
export function listenTo(channel: string): string {
  if (!CHANNEL_NAME.test(channel)) throw new RangeError(`"${channel}" is no name of a channel`);
  return `listen "${channel}"`;
}

export type OutboxStatements = ReturnType<typeof outboxStatements>;

/** The relay's statements for one table. @throws RangeError for a name that is not a plain identifier */
export function outboxStatements(table: OutboxTable) {
  const name = quoteTable(table.name);
  const c = quoteColumns(table.columns);
  const open = `${c.publishedAt} is null and ${c.parkedReason} is null`;
  const subject = `${c.aggregatetype}::text || '/' || ${c.aggregateid}::text`;
  const parked = `${c.publishedAt} is null and ${c.parkedReason} is not null`;
  return {
    /**
     * $1 above this position, $2 positions known already, $3 rows, $4 the largest payload worth having, in bytes,
     * $5 bytes after which no further row is given.
     * One statement, so one snapshot: a row is never seen without the earlier ones of its key that committed before it.
     * The inner limit keeps the payload from being written out once for its length and once for itself.
     */
    readOpen: `
      select r.position, r.id, r.subject, r.type, r.company, r.branch, r.sequence, r.occurred_at, r.actor,
        r.partitionkey, r.traceparent, r.bytes as payload_bytes,
        case when r.bytes <= $4 then r.body end as payload
      from (
        select o.*, octet_length(o.body) as bytes,
          sum(least(octet_length(o.body), $4)) over (order by o.at) as bytes_so_far
        from (
          select ${c.position} as at, ${c.position}::text as position, ${c.id}::text as id,
            ${subject} as subject, ${c.type}::text as type, ${c.company}::text as company,
             nullif(${c.branch}::text, '') as branch, ${c.sequence}::text as sequence,
            to_char(${c.occurredAt} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as occurred_at,
            nullif(${c.actor}::text, '') as actor, nullif(${c.partitionkey}::text, '') as partitionkey,
            nullif(${c.traceparent}::text, '') as traceparent, ${c.payload}::text as body
          from ${name} t
          where ${open} and t.${c.position} > $1::bigint and t.${c.position} <> all($2::bigint[])
          order by t.${c.position}
          limit $3) o) r
      where r.bytes_so_far - least(r.bytes, $4) < $5
      order by r.at`,
    /** $1 positions the broker has confirmed */
    stamp: `
      update ${name} set ${c.publishedAt} = clock_timestamp()
      where ${c.position} = any($1::bigint[]) and ${c.publishedAt} is null`,
    /** $1 positions the broker has confirmed, in a table of our own: the audit keeps the record */
    remove: `delete from ${name} where ${c.position} = any($1::bigint[])`,
    /** $1 position, $2 reason */
    park: `update ${name} set ${c.parkedReason} = $2 where ${c.position} = $1::bigint and ${open}`,
    /** $1 positions, $2 the parked head; locks the head, so that a release is seen before or waits */
    parkBehind: `
      with head as (
        select ${c.position} as at from ${name} where ${c.position} = $2::bigint and ${parked} for share)
      update ${name} o set ${c.parkedReason} = 'behind ' || head.at
      from head
      where o.${c.position} = any($1::bigint[]) and o.${c.publishedAt} is null and o.${c.parkedReason} is null`,
    /** The heads that hold their keys, the lowest of each first. */
    parkedKeys: `
      select ${c.position}::text as position, ${subject} as subject, ${c.company}::text as company,
        nullif(${c.partitionkey}::text, '') as partitionkey
      from ${name} t
      where ${parked} and ${c.parkedReason} not like 'behind %'
      order by t.${c.position}`,
    /** Rows left behind a head that holds nothing any more: somebody deleted or marked it. */
    freeOrphans: `
      update ${name} o set ${c.parkedReason} = null
      where o.${c.publishedAt} is null and o.${c.parkedReason} like 'behind %'
        and not exists (
          select from ${name} h
          where h.${c.position} = substring(o.${c.parkedReason} from '^behind ([0-9]+)$')::bigint
            and h.${c.parkedReason} is not null and h.${c.publishedAt} is null)`,
    /** $1 above this position, $2 companies or null for all, $3 branches as company|branch, $4 rows */
    listParked: `
      select ${c.position}::text as position, ${subject} as subject, ${c.type}::text as type, ${c.company}::text as company,
        nullif(${c.branch}::text, '') as branch, nullif(${c.partitionkey}::text, '') as partitionkey,
        to_char(${c.occurredAt} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as occurred_at,
        ${c.parkedReason} as reason
      from ${name} t
      where ${parked} and ${c.parkedReason} not like 'behind %' and t.${c.position} > $1::bigint
        and ($2::text[] is null or ${c.company}::text = any($2) or ${c.company}::text || '|' || ${c.branch}::text = any($3))
      order by t.${c.position}
      limit $4`,
    /** $1 marks such as 'behind 17' */
    countBehind: `
      select ${c.parkedReason} as mark, count(*)::int as rows
      from ${name}
      where ${parked} and ${c.parkedReason} = any($1)
      group by 1`,
    /** $1 position */
    parkedRow: `
      select ${c.parkedReason} as reason, ${c.company}::text as company, nullif(${c.branch}::text, '') as branch
      from ${name} where ${c.position} = $1::bigint and ${parked}`,
    /** $1 position of a head */
    releaseHead: `
      update ${name} set ${c.parkedReason} = null
      where ${c.position} = $1::bigint and ${parked} and ${c.parkedReason} not like 'behind %'`,
    /** $1 mark such as 'behind 17' */
    releaseBehind: `update ${name} set ${c.parkedReason} = null where ${parked} and ${c.parkedReason} = $1`,
    lastPosition: `select coalesce(max(${c.position}), 0)::text as position from ${name}`,
    /** $1 position: whether a row at or below it still waits */
    waitsUpTo: `select exists (select from ${name} where ${open} and ${c.position} <= $1::bigint) as waits`,
    /** $1 how far to count; the age is by the database's own clock */
    backlog: `
      select count(*)::int as waiting, extract(epoch from clock_timestamp() - min(occurred))::float8 as oldest_age
      from (select ${c.occurredAt} as occurred from ${name} where ${open} order by ${c.position} limit $1) w`,
    parkedCount: `select count(*)::int as parked from ${name} where ${parked}`,
    /** The row written last, whatever became of it: the position's own index answers. */
    lastWritten: `
      select ${c.position}::text as position, (extract(epoch from ${c.occurredAt}) * 1000)::float8 as "occurredAtMs"
      from ${name} t
      order by t.${c.position} desc
      limit 1`,
  };
}
