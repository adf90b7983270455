/** Where the rows are and what their columns are called; the defaults are those of the SQL kit. */
export interface OutboxTable {
  /** Schema-qualified and trusted: it comes from the deployment, never from an event. */
  name: string;
  columns: OutboxColumns;
}

export interface OutboxColumns {
  position: string;
  id: string;
  aggregatetype: string;
  aggregateid: string;
  type: string;
  payload: string;
  company: string;
  branch: string;
  sequence: string;
  occurredAt: string;
  actor: string;
  partitionkey: string;
  traceparent: string;
  publishedAt: string;
  parkedReason: string;
}

export const OUTBOX_COLUMNS: OutboxColumns = {
  position: 'position',
  id: 'id',
  aggregatetype: 'aggregatetype',
  aggregateid: 'aggregateid',
  type: 'type',
  payload: 'payload',
  company: 'company',
  branch: 'branch',
  sequence: 'sequence',
  occurredAt: 'occurred_at',
  actor: 'actor',
  partitionkey: 'partitionkey',
  traceparent: 'traceparent',
  publishedAt: 'published_at',
  parkedReason: 'parked_reason',
};

export type OutboxStatements = ReturnType<typeof outboxStatements>;

const IDENTIFIER = /^[a-z_][a-z0-9_$]*(\.[a-z_][a-z0-9_$]*)?$/i;

/** The relay's statements for one table. @throws RangeError for a name that is not a plain identifier */
export function outboxStatements({ name, columns: c }: OutboxTable) {
  for (const identifier of [name, ...Object.values(c)]) {
    if (!IDENTIFIER.test(identifier)) throw new RangeError(`"${identifier}" is not a plain SQL identifier`);
  }
  const open = `${c.publishedAt} is null and ${c.parkedReason} is null`;
  const columns = `
    o.${c.position}::text as position, o.${c.id}::text as id, o.${c.aggregatetype} as aggregatetype,
    o.${c.aggregateid} as aggregateid, o.${c.type} as type, o.${c.company} as company, o.${c.branch} as branch,
    o.${c.sequence}::text as sequence,
    to_char(o.${c.occurredAt} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as occurred_at,
    o.${c.actor} as actor, o.${c.partitionkey} as partitionkey, o.${c.traceparent} as traceparent,
    octet_length(p.body) as payload_bytes`;
  return {
    /** $1 after position, $2 limit, $3 the largest payload worth reading into memory, in bytes */
    readAfter: `
      select ${columns}, case when octet_length(p.body) <= $3 then p.body end as payload
      from ${name} o cross join lateral (select o.${c.payload}::text as body) p
      where ${open} and o.${c.position} > $1
      order by o.${c.position}
      limit $2`,
    /** $1 up to position, $2 limit: rows that committed late show here */
    openPositionsUpTo: `
      select ${c.position}::text as position from ${name}
      where ${open} and ${c.position} <= $1
      order by ${c.position}
      limit $2`,
    /** $1 positions, $2 the largest payload */
    readPositions: `
      select ${columns}, case when octet_length(p.body) <= $2 then p.body end as payload
      from ${name} o cross join lateral (select o.${c.payload}::text as body) p
      where ${open} and o.${c.position} = any($1::bigint[])
      order by o.${c.position}`,
    /** $1 positions the broker has confirmed */
    stamp: `update ${name} set ${c.publishedAt} = clock_timestamp() where ${c.position} = any($1::bigint[]) and ${c.publishedAt} is null`,
    /** $1 positions the broker has confirmed, in a table of our own: the audit keeps the record */
    remove: `delete from ${name} where ${c.position} = any($1::bigint[])`,
    /** $1 position, $2 reason */
    park: `update ${name} set ${c.parkedReason} = $2 where ${c.position} = $1 and ${open}`,
    /** $1 positions, $2 the parked head; locks the head, so that a release is seen before or waits */
    parkBehind: `
      with head as (
        select ${c.position} from ${name}
        where ${c.position} = $2 and ${c.parkedReason} is not null and ${c.publishedAt} is null
        for share)
      update ${name} o set ${c.parkedReason} = 'behind ' || head.${c.position}
      from head
      where o.${c.position} = any($1::bigint[]) and o.${c.publishedAt} is null and o.${c.parkedReason} is null`,
    /** $1 limit: the heads that hold their keys */
    parkedHeads: `
      select ${c.position}::text as position, ${c.aggregatetype} as aggregatetype, ${c.aggregateid} as aggregateid,
        ${c.company} as company, ${c.partitionkey} as partitionkey, ${c.parkedReason} as reason
      from ${name}
      where ${c.parkedReason} is not null and ${c.publishedAt} is null and ${c.parkedReason} not like 'behind %'
      order by ${c.position}
      limit $1`,
    /** rows left behind a head that holds nothing any more */
    freeOrphans: `
      update ${name} o set ${c.parkedReason} = null
      where o.${c.publishedAt} is null and o.${c.parkedReason} like 'behind %'
        and not exists (
          select from ${name} h
          where h.${c.position} = substring(o.${c.parkedReason} from '^behind ([0-9]+)$')::bigint
            and h.${c.parkedReason} is not null and h.${c.publishedAt} is null)`,
    /** $1 how far to count */
    backlog: `
      select count(*)::int as waiting, min(occurred)::text as oldest from (
        select ${c.occurredAt} as occurred from ${name} where ${open} order by ${c.position} limit $1) w`,
    parkedCount: `select count(*)::int as parked from ${name} where ${c.parkedReason} is not null and ${c.publishedAt} is null`,
  };
}
