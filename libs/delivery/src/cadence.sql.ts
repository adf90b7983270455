/** $1 integration, $2 seconds, $3 zone, $4 the next window, $5 seconds of the day they are counted from */
export const SET_CADENCE = `
  insert into cadence (integration_id, every_seconds, zone, next_at, from_seconds)
  values ($1, $2, $3, $4, $5)
  on conflict (integration_id) do update
    set every_seconds = excluded.every_seconds, zone = excluded.zone, next_at = excluded.next_at,
      from_seconds = excluded.from_seconds
    where (cadence.every_seconds, cadence.zone, cadence.from_seconds)
      is distinct from (excluded.every_seconds, excluded.zone, excluded.from_seconds)
  returning integration_id`;

/** $1 integration: it sends as things come */
export const DROP_CADENCE = `delete from cadence where integration_id = $1 returning integration_id`;

/** $1 integration, $2 after id, $3 limit */
export const LANES_OF_INTEGRATION = `
  select id::text as id from lane
  where integration_id = $1 and id > $2 and waits_for in ('window', 'nothing')
  order by lane.id
  limit $3`;

/** $1 limit: cadences whose window has come; other replicas skip what this one holds */
export const DUE_CADENCES = `
  select integration_id::text as integration_id, every_seconds, from_seconds, zone, now() as now
  from cadence
  where next_at <= now()
  order by next_at
  limit $1
  for update skip locked`;

/** $1 integration, $2 seconds that must lie between two communications; by the clock: whoever waited for the row began before it */
export const LOCK_CADENCE = `
  select zone, case when last_communication + $2 * interval '1 second' > clock_timestamp()
    then last_communication + $2 * interval '1 second' end as not_before
  from cadence where integration_id = $1 for update`;

/** $1 integrations, $2 next windows, $3 cut-off: the communication of an empty run counts like any other */
export const RELEASE_WINDOWS = `
  update cadence c set released_up_to = greatest(c.released_up_to, $3::bigint), next_at = coalesce(w.next_at, c.next_at),
    last_communication = now()
  from unnest($1::bigint[], $2::timestamptz[]) as w(integration_id, next_at)
  where c.integration_id = w.integration_id`;

/** Older than two periods; one that has not fired yet counts from a period before its first window. */
const OVERDUE = `
  coalesce(last_communication, next_at - every_seconds * interval '1 second')
    < now() - 2 * every_seconds * interval '1 second'`;

/** $1 integration */
export const READ_CADENCE = `
  select every_seconds, zone, next_at, last_communication, ${OVERDUE} as overdue from cadence where integration_id = $1`;

export const COUNT_OVERDUE = `select count(*)::int as overdue from cadence where ${OVERDUE}`;
