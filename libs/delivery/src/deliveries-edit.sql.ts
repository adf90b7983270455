/** $1 position, settled: what was put in its place before, or else what of its lane came after it and has left, or may have */
export const OVERTAKEN_BY = `
  select a.replaced_by::text as position, true as in_its_place
  from delivery_action a where a.position = $1 and a.replaced_by is not null
  union all
  (select n.position::text, false
  from delivery_settled o
  cross join lateral (
    select s.position from delivery_settled s
    where s.lane_id = o.lane_id and s.position > o.position and s.state = 'delivered'
    union all
    select d.position from delivery d where d.lane_id = o.lane_id and d.position > o.position and d.tries > 0) n
  where o.position = $1
  limit 1)`;

/** Two people who edit at once look for a free position one after the other. */
export const LOCK_ROOM = `select pg_advisory_xact_lock(hashtext('ponte room ' || current_schema()))`;

/** $1 position: the highest below it that nobody has, in the room that was left when it was drawn */
export const FREE_POSITION = `
  select n::text as position
  from generate_series($1::bigint - 1, (($1::bigint + 99) / 100 - 1) * 100 + 1, -1) n
  where not exists (select from delivery where position = n) and not exists (select from delivery_settled where position = n)
  order by n desc
  limit 1`;

/** $1 the original, settled by now, $2 the new position, $3 the new body */
export const PUT_IN_PLACE = `
  insert into delivery (position, lane_id, integration_id, endpoint_id, operation, kind, target, priority, source, company,
    branch, event_id, event_type, subject, keys, traceparent, body)
  select $2::bigint, lane_id, integration_id, endpoint_id, operation, kind, target, priority, source, company, branch, event_id,
    event_type, subject, keys, traceparent, $3::jsonb
  from delivery_settled where position = $1
  limit 1
  returning position::text as position, integration_id::text as integration_id, operation, attempts, source, company, branch,
    event_id, event_type, subject, keys, traceparent`;
