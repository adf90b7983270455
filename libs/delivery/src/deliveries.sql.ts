import { filtered } from './deliveries-filter.sql.js';
import { WAITS_FOR_PERSON } from './paid.sql.js';

const COLUMNS = `
  d.position::text as position, d.integration_id::text as integration_id, d.operation, d.kind, d.attempts, d.tries, d.reason,
  d.source, d.company, d.branch, d.event_id, d.event_type, d.subject, d.keys, d.traceparent, d.planned_at, d.state`;

const OPEN = `${COLUMNS}, d.retry_at, d.failed_at, null::text as reference, null::timestamptz as settled_at`;
const SETTLED = `
  ${COLUMNS}, null::timestamptz as retry_at, null::timestamptz as failed_at, d.reference, d.settled_at`;

/** $1 to $16 the filter, the period that of the planning; $17 before position, $18 limit */
export const LIST_OPEN = `
  select ${OPEN}
  from delivery d
  where d.position < $17 and ${filtered('d.planned_at')}
  order by d.position desc
  limit $18`;

/** As LIST_OPEN, the period that of the settlement. */
export const LIST_SETTLED = `
  select ${SETTLED}
  from delivery_settled d
  where d.position < $17 and ${filtered('d.settled_at')}
  order by d.position desc
  limit $18`;

/** $1 position */
export const READ_OPEN = `select ${OPEN} from delivery d where d.position = $1`;

/** $1 position */
export const READ_SETTLED = `select ${SETTLED} from delivery_settled d where d.position = $1`;

/** $1 position: open or settled */
export const READ_BODY = `
  select body from delivery where position = $1
  union all
  select body from delivery_settled where position = $1
  limit 1`;

/** $1 position */
export const ATTEMPTS_OF = `
  select number, outcome, reason, counted, late, replica, exchange, started_at, ended_at
  from attempt where position = $1 order by number, ended_at`;

/** $1 position: what people did with it, and what it was put in the place of */
export const ACTIONS_OF = `
  select a.action, a.done_by, a.reason, a.redrive_id::text as redrive_id, a.replaced_by::text as replaced_by, a.done_at
  from delivery_action a where a.position = $1 order by a.id`;

/** $1 position */
export const REPLACED_BY_IT = `select position::text as position from delivery_action where replaced_by = $1`;

/** $1 position, open or settled: its lane, for a person's hand */
export const LANE_OF = `
  select d.lane_id::text as lane_id, l.key as lane_key
  from (
    select lane_id from delivery where position = $1
    union all
    select lane_id from delivery_settled where position = $1) d
  join lane l on l.id = d.lane_id
  limit 1`;

/** $1 position */
export const DELIVERY_FOR_PERSON = `select ${COLUMNS}, d.batch_id from delivery d where d.position = $1 for update`;

/** $1 positions: as if they had never been tried */
export const START_OVER = `
  update delivery set state = 'pending', attempts = 0, retry_at = null where position = any($1::bigint[])`;

/** $1 positions, $2 what was done, $3 by whom, $4 why, $5 redrive or null, $6 what took its place or null */
export const NOTE_ACTIONS = `
  insert into delivery_action (position, action, done_by, reason, redrive_id, replaced_by)
  select position, $2, $3, $4, $5::bigint, $6::bigint from unnest($1::bigint[]) as p(position)`;

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
    (select count(*)::int from delivery d where d.state <> 'pending' and ${WAITS_FOR_PERSON}) as parked,
    (select min(planned_at) from delivery d where d.state <> 'pending' and ${WAITS_FOR_PERSON}) as oldest_parked`;
