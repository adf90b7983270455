/**
 * $1 positions just parked, $2 integrations, $3 the keys of the lanes they await, null where they await none. A first
 * refusal may have crossed what was awaited on its way, and is tried again soon; later ones wait an hour.
 */
export const NOTE_AWAITING = `
  with parked as (
    select * from unnest($1::bigint[], $2::bigint[], $3::text[]) as p(position, integration_id, lane_key)),
  gone as (
    delete from awaiting a using parked p where a.position = p.position and p.lane_key is null)
  insert into awaiting as a (position, integration_id, lane_key, try_at)
  select position, integration_id, lane_key, clock_timestamp() + interval '1 minute' from parked where lane_key is not null
  on conflict (position) do update set lane_key = excluded.lane_key, try_at = clock_timestamp() + interval '1 hour'`;

/** Whether a lane waits for another, and whether a parked delivery awaits one; in order, so that only their indexes can answer. */
export const ANY_WAITERS = `
  select (select true from lane where waits_for = 'dependency' order by lane.id limit 1) is true as depending,
    exists (select from awaiting) as awaiting`;

/**
 * $1 lanes, $2 positions of what was delivered, $3 limit: the parked deliveries that await one of these lanes, or the same
 * as one of these positions did. Costs nothing while nothing awaits.
 */
export const AWAITED = `
  with came as (
    select l.integration_id, l.key as lane_key from lane l where l.id = any($1::bigint[])
    union
    select a.integration_id, a.lane_key from awaiting a where a.position = any($2::bigint[]))
  select a.position::text as position, d.lane_id::text as lane_id
  from came c
  join awaiting a on a.integration_id = c.integration_id and a.lane_key = c.lane_key
  join delivery d on d.position = a.position and d.state = 'parked'
  where (select true from awaiting limit 1)
  order by a.position
  limit $3`;

/** Of each awaited lane the first parked delivery, where the last of those that await it was tried long enough ago. */
export const AWAITING_TO_TRY = `
  select min(d.position)::text as position, (array_agg(d.lane_id order by d.position))[1]::text as lane_id
  from awaiting a
  join delivery d on d.position = a.position and d.state = 'parked'
  group by a.integration_id, a.lane_key
  having max(a.try_at) <= clock_timestamp()`;

/** $1 positions, whose lanes the caller holds: as if they had never been tried */
export const TRY_AGAIN = `
  update delivery set state = 'pending', attempts = 0, retry_at = null
  where position = any($1::bigint[]) and state = 'parked'`;

/** $1 positions that await nothing any more */
export const FORGET_AWAITING = `delete from awaiting where position = any($1::bigint[])`;

/** Settled meanwhile, by a person or by a try of their own. */
export const FORGET_SETTLED = `
  delete from awaiting a where not exists (select from delivery d where d.position = a.position)`;
