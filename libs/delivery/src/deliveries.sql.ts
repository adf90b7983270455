const COLUMNS = `
  position::text as position, integration_id::text as integration_id, operation, kind, attempts, tries, reason, source, company,
  branch, event_id, event_type, subject, keys, traceparent, planned_at`;

/** $1 before position, $2 limit, $3 owners or null, $4 state or null, $5 subject or null, $6 integration or null */
export const LIST_OPEN = `
  select ${COLUMNS}, state, retry_at, null::text as reference, null::timestamptz as settled_at
  from delivery d
  where d.position < $1 and ($3::text[] is null or source || '|' || company = any($3)) and ($4::text is null or state = $4)
    and ($5::text is null or subject = $5) and ($6::bigint is null or integration_id = $6)
  order by d.position desc
  limit $2`;

/** as LIST_OPEN */
export const LIST_SETTLED = `
  select ${COLUMNS}, state, null::timestamptz as retry_at, reference, settled_at
  from delivery_settled d
  where d.position < $1 and ($3::text[] is null or source || '|' || company = any($3)) and ($4::text is null or state = $4)
    and ($5::text is null or subject = $5) and ($6::bigint is null or integration_id = $6)
  order by d.position desc
  limit $2`;

/** $1 position */
export const READ_OPEN = `
  select ${COLUMNS}, state, retry_at, null::text as reference, null::timestamptz as settled_at from delivery where position = $1`;

/** $1 position */
export const READ_SETTLED = `
  select ${COLUMNS}, state, null::timestamptz as retry_at, reference, settled_at from delivery_settled where position = $1`;

/** $1 position */
export const ATTEMPTS_OF = `
  select number, outcome, reason, counted, late, replica, exchange, started_at, ended_at
  from attempt where position = $1 order by number, ended_at`;

/** $1 position: the delivery and its lane, for a person's hand */
export const LANE_OF = `
  select d.lane_id::text as lane_id, l.key as lane_key from delivery d join lane l on l.id = d.lane_id where d.position = $1`;

/** $1 position */
export const DELIVERY_FOR_PERSON = `
  select ${COLUMNS}, state from delivery where position = $1 for update`;

/** $1 position: as if it had never been tried */
export const START_OVER = `update delivery set state = 'pending', attempts = 0, retry_at = null where position = $1`;

/** $1 position, $2 body, $3 by whom, $4 why: another body in its place, and in its place in the lane */
export const EDIT_DELIVERY = `
  with before as (
    insert into delivery_edit (position, edited_by, reason, body_before)
    select position, $3, $4, body from delivery where position = $1
    returning position)
  update delivery d set body = $2::jsonb, state = 'pending', attempts = 0, retry_at = null
  from before b where d.position = b.position`;

/** $1 position: the open deliveries that come before it: on its own lane the one before, on others those it waits for */
export const WAITED_FOR = `
  with own as (select position, lane_id, after_lanes, after_positions from delivery where position = $1)
  select w.position::text as position, l.key as lane, w.operation, w.state
  from own o
  cross join lateral (
    select o.lane_id as lane_id, o.position - 1 as up_to
    union all
    select a.lane, a.position from unnest(o.after_lanes, o.after_positions) as a(lane, position)) n
  cross join lateral (
    select d.position, d.lane_id, d.operation, d.state from delivery d
    where d.lane_id = n.lane_id and d.position <= n.up_to
    order by d.lane_id, d.position limit 1) w
  join lane l on l.id = w.lane_id
  order by w.position`;

export const COUNT_WAITING = `
  select
    (select count(*)::int from (select from delivery where state = 'pending' limit 100000) p) as pending,
    (select count(*)::int from delivery where state <> 'pending') as parked,
    (select min(planned_at) from delivery where state <> 'pending') as oldest_parked`;
