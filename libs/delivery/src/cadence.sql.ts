/** $1 integration, $2 seconds, $3 zone, $4 the next window */
export const SET_CADENCE = `
  insert into cadence (integration_id, every_seconds, zone, next_at)
  values ($1, $2, $3, $4)
  on conflict (integration_id) do update
    set every_seconds = excluded.every_seconds, zone = excluded.zone, next_at = excluded.next_at
    where (cadence.every_seconds, cadence.zone) is distinct from (excluded.every_seconds, excluded.zone)
  returning integration_id`;

/** $1 integration: it sends as things come */
export const DROP_CADENCE = `delete from cadence where integration_id = $1 returning integration_id`;

/** $1 integration */
export const LANES_OF_INTEGRATION = `
  select id::text as id from lane where integration_id = $1 and waits_for in ('window', 'nothing') order by id`;

/** $1 limit: cadences whose window has come; other replicas skip what this one holds */
export const DUE_CADENCES = `
  select integration_id::text as integration_id, every_seconds, zone, now() as now
  from cadence
  where next_at <= now()
  order by next_at
  limit $1
  for update skip locked`;

/** $1 integration */
export const LOCK_CADENCE = `
  select integration_id::text as integration_id, every_seconds, zone, next_at, last_communication
  from cadence where integration_id = $1 for update`;

/**
 * $1 integrations, $2 windows (local wall time), $3 zones, $4 cut-off, $5 replica: one run per window, whoever fires
 * first; an open run of the integration is finished before, by the caller
 */
export const START_SCHEDULED_RUNS = `
  insert into run (integration_id, kind, window_local, zone, started_by, from_position, up_to)
  select w.integration_id, 'scheduled', w.window_local, w.zone, $5, c.released_up_to, $4
  from unnest($1::bigint[], $2::text[], $3::text[]) as w(integration_id, window_local, zone)
  join cadence c on c.integration_id = w.integration_id
  on conflict do nothing
  returning id::text as id, integration_id::text as integration_id, from_position::text as from_position,
    up_to::text as up_to, started_at`;

/** $1 integration, $2 zone, $3 cut-off, $4 by whom */
export const START_MANUAL_RUN = `
  insert into run (integration_id, kind, zone, started_by, from_position, up_to)
  select $1, 'manual', $2, $4, c.released_up_to, $3 from cadence c where c.integration_id = $1
  on conflict do nothing
  returning id::text as id, integration_id::text as integration_id, from_position::text as from_position,
    up_to::text as up_to, started_at`;

/** $1 integrations, $2 next windows, $3 cut-off: the communication of an empty run counts like any other */
export const RELEASE_WINDOWS = `
  update cadence c set released_up_to = greatest(c.released_up_to, $3::bigint), next_at = coalesce(w.next_at, c.next_at),
    last_communication = now()
  from unnest($1::bigint[], $2::timestamptz[]) as w(integration_id, next_at)
  where c.integration_id = w.integration_id`;

/** $1 integrations, or null for all: open runs with nothing left to do, or whose time is over ($2) */
export const RUNS_TO_FINISH = `
  select r.id::text as id, r.integration_id::text as integration_id, r.from_position::text as from_position,
    r.up_to::text as up_to, r.started_at, r.kind, r.started_by
  from run r
  where r.finished_at is null
    and ($1::bigint[] is null or r.integration_id = any($1))
    and ($2 or not exists (
      select from delivery d
      where d.integration_id = r.integration_id and d.position > r.from_position and d.position <= r.up_to
        and d.state = 'pending'))
  order by r.id
  for update skip locked`;

/** $1 run: what became of its items */
export const FINISH_RUN = `
  update run r set finished_at = clock_timestamp(),
    delivered = s.delivered, refused = s.refused, parked = o.parked, carried = o.pending
  from
    (select count(*) filter (where d.state = 'delivered')::int as delivered,
        count(*) filter (where d.state <> 'delivered')::int as refused
      from delivery_settled d join run x on x.id = $1
      where d.integration_id = x.integration_id and d.position > x.from_position and d.position <= x.up_to
        and d.settled_at >= x.started_at) s,
    (select count(*) filter (where d.state = 'pending')::int as pending, count(*) filter (where d.state <> 'pending')::int as parked
      from delivery d join run x on x.id = $1
      where d.integration_id = x.integration_id and d.position > x.from_position and d.position <= x.up_to) o
  where r.id = $1
  returning r.id::text as id, r.integration_id::text as integration_id, r.kind, r.started_by, r.up_to::text as up_to,
    r.started_at, r.finished_at, r.delivered, r.refused, r.parked, r.carried`;

/** $1 integration, $2 before id (null for the newest), $3 limit */
export const LIST_RUNS = `
  select id::text as id, kind, window_local, zone, started_by, started_at, finished_at, delivered, refused, parked, carried
  from run
  where integration_id = $1 and ($2::bigint is null or id < $2)
  order by id desc
  limit $3`;

/** $1 integration */
export const READ_CADENCE = `
  select every_seconds, zone, next_at, last_communication from cadence where integration_id = $1`;
