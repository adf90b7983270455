const STARTED = `
  id::text as id, integration_id::text as integration_id, kind, started_by, up_to::text as up_to, started_at,
  (select e.owner_key from endpoint e where e.integration_id = run.integration_id limit 1) as owner_key`;

/**
 * $1 integrations, $2 windows (local wall time), $3 zones, $4 cut-off, $5 replica: one run per window, whoever fires
 * first, and none where nothing waits; an open run of the integration is finished before, by the caller
 */
export const START_SCHEDULED_RUNS = `
  insert into run (integration_id, kind, window_local, zone, started_by, from_position, up_to)
  select w.integration_id, 'scheduled', w.window_local, w.zone, $5, c.run_up_to, $4
  from unnest($1::bigint[], $2::text[], $3::text[]) as w(integration_id, window_local, zone)
  join cadence c on c.integration_id = w.integration_id
  where exists (
    select from delivery d
    where d.integration_id = w.integration_id and d.position > c.run_up_to and d.position <= $4::bigint)
  on conflict do nothing
  returning ${STARTED}`;

/** $1 integration, $2 zone, $3 cut-off, $4 by whom: a person's run is on record even when nothing waits */
export const START_MANUAL_RUN = `
  insert into run (integration_id, kind, zone, started_by, from_position, up_to)
  select $1, 'manual', $2, $4, c.run_up_to, $3 from cadence c where c.integration_id = $1
  on conflict do nothing
  returning ${STARTED}`;

/** $1 integrations, $2 cut-off: what the next run begins behind */
export const NOTE_RUNS = `
  update cadence set run_up_to = greatest(run_up_to, $2::bigint) where integration_id = any($1::bigint[])`;

/** $1 integrations, whose cadence the caller holds: their open runs, whoever looks at them just now */
export const OPEN_RUNS_OF = `
  select id::text as id from run
  where finished_at is null and integration_id = any($1::bigint[])
  order by run.id
  for update`;

/**
 * The oldest transaction of this app that writes just now, or null. Of this app alone: somebody else's night job on the
 * same server plans nothing here.
 */
export const OLDEST_WRITER = `
  select backend_xid::text as xid
  from pg_stat_activity
  where datname = current_database() and usename = current_user and pid <> pg_backend_pid() and backend_xid is not null
  order by age(backend_xid) desc
  limit 1`;

/**
 * $1 integrations, or null for all, $2 the oldest writer, read in a statement before: open runs of which nothing is
 * pending. Not before every transaction that was under way at the release has ended: what commits late below the cut-off
 * belongs to the run and is counted in it.
 */
export const RUNS_THROUGH = `
  select r.id::text as id
  from run r
  where r.finished_at is null
    and ($1::bigint[] is null or r.integration_id = any($1))
    and ($2::xid is null or age(r.released_by::xid) >= age($2::xid))
    and not exists (
      select from delivery d
      where d.integration_id = r.integration_id and d.position > r.from_position and d.position <= r.up_to
        and d.state = 'pending')
  order by r.id
  for update skip locked`;

/** $1 runs, locked by the caller: what became of their items */
export const FINISH_RUNS = `
  update run set finished_at = clock_timestamp(), delivered = s.delivered, refused = s.refused, skipped = s.skipped,
    superseded = s.superseded, parked = o.parked, carried = o.pending
  from run r
  cross join lateral (
    select count(*) filter (where d.state = 'delivered')::int as delivered,
      count(*) filter (where d.state = 'refused')::int as refused,
      count(*) filter (where d.state = 'skipped')::int as skipped,
      count(*) filter (where d.state = 'superseded')::int as superseded
    from delivery_settled d
    where d.integration_id = r.integration_id and d.position > r.from_position and d.position <= r.up_to
      and d.settled_at >= r.started_at) s
  cross join lateral (
    select count(*) filter (where d.state = 'pending')::int as pending,
      count(*) filter (where d.state <> 'pending')::int as parked
    from delivery d
    where d.integration_id = r.integration_id and d.position > r.from_position and d.position <= r.up_to) o
  where run.id = r.id and r.id = any($1::bigint[])
  returning run.id::text as id, run.integration_id::text as integration_id, run.kind, run.started_by,
    run.up_to::text as up_to, run.started_at, run.finished_at, run.delivered, run.refused, run.skipped, run.superseded,
    run.parked, run.carried,
    (select e.owner_key from endpoint e where e.integration_id = run.integration_id limit 1) as owner_key`;

/** $1 integration, $2 before id (null for the newest), $3 limit */
export const LIST_RUNS = `
  select id::text as id, kind, window_local, zone, started_by, started_at, finished_at, delivered, refused, skipped,
    superseded, parked, carried
  from run
  where integration_id = $1 and ($2::bigint is null or id < $2)
  order by run.id desc
  limit $3`;
