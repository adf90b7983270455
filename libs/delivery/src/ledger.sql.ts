import { prepared } from '#libs/runtime';

/** $1 how many */
export const DRAW_POSITIONS = prepared(`select nextval('position')::text as position from generate_series(1, $1::int)`);

/** Everything drawn so far, whether or not it has committed. */
export const LAST_POSITION = `select case when is_called then last_value else 0 end::text as position from position`;

/** $18 and $19: what each waits for, as array literals; `unnest` would flatten arrays of arrays */
export const INSERT_DELIVERIES = prepared(`
  insert into delivery (position, lane_id, integration_id, endpoint_id, operation, kind, target, priority, source, company,
    branch, event_id, event_type, subject, keys, traceparent, body, after_lanes, after_positions)
  select position, lane_id, integration_id, endpoint_id, operation, kind, target, priority, source, company, branch, event_id,
    event_type, subject, keys, traceparent, body, after_lanes::bigint[], after_positions::bigint[]
  from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::smallint[],
    $9::text[], $10::text[], $11::text[], $12::uuid[], $13::text[], $14::text[], $15::jsonb[], $16::text[], $17::jsonb[],
    $18::text[], $19::text[])
    as n(position, lane_id, integration_id, endpoint_id, operation, kind, target, priority, source, company, branch, event_id,
      event_type, subject, keys, traceparent, body, after_lanes, after_positions)`);

/**
 * $1 lane ids (unleased), $2 operations, $3 targets, $4 positions: older states nobody has claimed, with no movement
 * and no wait between, and for which no other lane waits: it would go on although nothing had been told. A lane is read
 * backwards to its last movement or wait; lane and position are compared together, because by the position alone a plan
 * walks through all lanes.
 */
export const SUPERSEDED_STATES = `
  select d.position::text as position, d.integration_id::text as integration_id, d.operation, d.attempts, d.tries, d.source,
    d.company, d.branch, d.event_id, d.event_type, d.subject, d.keys, d.traceparent, l.key as lane_key, n.by::text as by
  from unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[]) as n(lane_id, operation, target, by)
  cross join lateral (
    select coalesce((
      select position
      from delivery
      where (lane_id, position) >= (n.lane_id, 0) and (lane_id, position) < (n.lane_id, n.by)
        and (kind = 'movement' or after_lanes is not null)
      order by lane_id desc, position desc
      limit 1), 0) as position
    offset 0) last_other
  cross join lateral (
    select *
    from delivery
    where (lane_id, position) > (n.lane_id, last_other.position) and (lane_id, position) < (n.lane_id, n.by)
      and operation = n.operation and target = n.target
      and kind = 'state' and state = 'pending' and tries = 0 and batch_id is null
    offset 0) d
  cross join lateral (select key from lane where id = n.lane_id offset 0) l
  where (
    select true from delivery w cross join lateral unnest(w.after_lanes, w.after_positions) as a(lane, position)
    where w.after_lanes && array[d.lane_id] and a.lane = d.lane_id and a.position >= d.position
    limit 1) is null
  order by d.position, n.by`;

/** $1 lane ids: the highest open position of each now */
export const LAST_OPEN_OF_LANES = `
  select l.id::text as lane_id, d.position::text as position
  from unnest($1::bigint[]) as l(id)
  cross join lateral (
    select position from delivery
    where (lane_id, position) >= (l.id, 0) and (lane_id, position) < (l.id + 1, 0)
    order by lane_id desc, position desc
    limit 1) d`;

/**
 * $1 positions, $2 tries when it was read, $3 tries now, $4 attempts, $5 states, $6 reasons, $7 references, $8 by whom.
 * The positions are named twice, so that the rows are found one by one however the tables grow. Repeated after a commit whose answer was lost, it changes nothing: it is gone.
 */
export const SETTLE_DELIVERIES = prepared(`
  with verdict as (
    select * from unnest($1::bigint[], $2::int[], $3::int[], $4::int[], $5::text[], $6::text[], $7::text[], $8::text[])
      as v(position, tries_before, tries, attempts, state, reason, reference, settled_by)),
  gone as (
    delete from delivery d using verdict v
    where d.position = v.position and d.position = any($1) and d.tries = v.tries_before
    returning d.position, d.lane_id, d.integration_id, d.endpoint_id, d.operation, d.kind, d.target, d.priority, d.source,
      d.company, d.branch, d.event_id, d.event_type, d.subject, d.keys, d.traceparent, d.body, d.planned_at)
  insert into delivery_settled (position, lane_id, integration_id, endpoint_id, operation, kind, target, priority, attempts,
    tries, reason, source, company, branch, event_id, event_type, subject, keys, traceparent, body, planned_at, state, reference,
    settled_by)
  select g.position, g.lane_id, g.integration_id, g.endpoint_id, g.operation, g.kind, g.target, g.priority, v.attempts,
    v.tries, v.reason, g.source, g.company, g.branch, g.event_id, g.event_type, g.subject, g.keys, g.traceparent, g.body,
    g.planned_at, v.state, v.reference, v.settled_by
  from gone g join verdict v using (position)
  returning position::text as position`);

/** $1 positions, $2 tries when it was read, $3 tries now, $4 attempts, $5 states, $6 reasons, $7 wait in ms until the next try (null: no wait) */
export const KEEP_DELIVERIES = prepared(`
  update delivery d set state = v.state, reason = v.reason, attempts = v.attempts, tries = v.tries,
    failed_at = clock_timestamp(), retry_at = clock_timestamp() + v.wait_ms * interval '1 millisecond'
  from unnest($1::bigint[], $2::int[], $3::int[], $4::int[], $5::text[], $6::text[], $7::float8[])
    as v(position, tries_before, tries, attempts, state, reason, wait_ms)
  where d.position = v.position and d.position = any($1) and d.tries = v.tries_before
  returning d.position::text as position`);

/** One row per try: $1 positions, $2 numbers, $3 epochs, $4 counted, $5 late, $6 outcomes, $7 reasons, $8 exchanges, $9 replica, $10 started */
export const INSERT_ATTEMPTS = prepared(`
  insert into attempt (position, number, epoch, counted, late, outcome, reason, exchange, replica, started_at)
  select a.position, a.number, a.epoch, a.counted, a.late, a.outcome, a.reason, a.exchange, $9, a.started_at
  from unnest($1::bigint[], $2::int[], $3::bigint[], $4::boolean[], $5::boolean[], $6::text[], $7::text[], $8::jsonb[],
    $10::timestamptz[]) as a(position, number, epoch, counted, late, outcome, reason, exchange, started_at)`);

/** $1 positions, $2 epochs: attempts that are on record, for a commit whose answer was lost */
export const ATTEMPTS_ON_RECORD = `
  select a.position::text as position, a.number, a.epoch::text as epoch, a.late
  from unnest($1::bigint[], $2::bigint[]) as k(position, epoch)
  join attempt a on a.position = k.position and a.epoch = k.epoch`;

/** $1 the rows, as one JSON array: their payloads are read once, and not first as text */
export const INSERT_OUTBOX = prepared(`
  insert into outbox (id, aggregatetype, aggregateid, type, payload, company, branch, actor, traceparent)
  select coalesce(id, gen_random_uuid()), aggregatetype, aggregateid, type, payload, company, branch, actor, traceparent
  from jsonb_to_recordset($1::jsonb) as n(id uuid, aggregatetype text, aggregateid text, type text, payload jsonb, company text,
    branch text, actor text, traceparent text)`);
