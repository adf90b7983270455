import { WAITS_FOR_PERSON } from './paid.sql.js';

/** The redrive that is due, in the hand of one replica while its chunk lasts. */
export const TAKE_REDRIVE = `
  select r.id::text as id, r.reason, r.started_by, r.per_second, r.canceled_at is not null as canceled,
    r.looked_up_to::text as looked_up_to, r.first_only - r.taken as first_left
  from redrive r
  where r.finished_at is null and r.next_at <= clock_timestamp()
  order by r.next_at
  limit 1
  for no key update skip locked`;

/** $1 redrive, $2 how many */
export const WAITING_ITEMS = `
  select i.position::text as position, d.lane_id::text as lane_id
  from redrive_item i
  left join delivery d on d.position = i.position
  where i.redrive_id = $1 and i.state = 'waiting'
  order by i.position
  limit $2`;

/** $1 positions, whose lanes the caller holds: a statement of its own, after the locks */
export const DELIVERIES_TO_RELEASE = `
  select d.position::text as position, d.integration_id::text as integration_id, d.operation, d.attempts, d.source, d.company,
    d.branch, d.event_id, d.event_type, d.subject, d.keys, d.traceparent, d.state, l.key as lane_key
  from delivery d
  join lane l on l.id = d.lane_id
  where d.position = any($1::bigint[])
  order by d.position`;

/** $1 redrive, $2 positions, $3 states */
export const MARK_TAKEN = `
  update redrive_item i set state = v.state,
    released_at = case when v.state = 'released' then clock_timestamp() end,
    ended_at = case when v.state <> 'released' then clock_timestamp() end
  from unnest($2::bigint[], $3::text[]) as v(position, state)
  where i.redrive_id = $1 and i.position = v.position and i.position = any($2::bigint[])`;

/**
 * $1 redrive, $2 how many were taken, $3 per second: the next are due that much later. Up to a second that was lost is
 * made up for.
 */
export const NOTE_TAKEN = `
  update redrive set taken = taken + $2::int,
    next_at = greatest(next_at, clock_timestamp() - interval '1 second') + $2::int / $3::float8 * interval '1 second'
  where id = $1`;

/** $1 redrive, $2 after position, $3 how many: what became of released ones, null where they are under way */
export const LOOK_AFTER = `
  select i.position::text as position, coalesce(s.state, case when ${WAITS_FOR_PERSON} then 'parked-again' end) as state,
    coalesce(s.reason, d.reason) as reason
  from redrive_item i
  left join delivery d on d.position = i.position
  left join lateral (
    select s.state, s.reason from delivery_settled s
    where d.position is null and s.position = i.position and s.settled_at >= i.released_at - interval '1 hour'
    limit 1) s on true
  where i.redrive_id = $1 and i.state = 'released' and i.position > $2
  order by i.position
  limit $3`;

/** $1 redrive, $2 positions, $3 states, $4 reasons */
export const MARK_ENDED = `
  update redrive_item i set state = v.state, reason = v.reason, ended_at = clock_timestamp()
  from unnest($2::bigint[], $3::text[], $4::text[]) as v(position, state, reason)
  where i.redrive_id = $1 and i.position = v.position and i.position = any($2::bigint[])`;

/** $1 redrive, $2 where the next look begins */
export const NOTE_LOOKED = `update redrive set looked_up_to = $2 where id = $1`;

/** $1 redrive, $2 ms: nothing to release just now */
export const LOOK_LATER = `
  update redrive set next_at = clock_timestamp() + $2 * interval '1 millisecond' where id = $1`;

/** $1 redrive: through, when nothing of it is open */
export const FINISH_REDRIVE = `
  update redrive r set finished_at = clock_timestamp(),
    counts = (
      select jsonb_object_agg(c.state, c.items)
      from (select i.state, count(*) as items from redrive_item i where i.redrive_id = r.id group by i.state) c)
  where r.id = $1
    and not exists (select from redrive_item i where i.redrive_id = $1 and i.state = 'waiting')
    and not exists (select from redrive_item i where i.redrive_id = $1 and i.state = 'released')`;
