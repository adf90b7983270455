/** $1 ms: everything the ledger waits for is that much nearer */
export const PASS_TIME = [
  `update delivery set retry_at = retry_at - $1 * interval '1 millisecond',
     planned_at = planned_at - $1 * interval '1 millisecond'`,
  `update lane set ready_at = ready_at - $1 * interval '1 millisecond',
     lease_until = lease_until - $1 * interval '1 millisecond' where ready_at is not null or lease_until is not null`,
  `update endpoint_pause set until = until - $1 * interval '1 millisecond',
     probe_at = probe_at - $1 * interval '1 millisecond', since = since - $1 * interval '1 millisecond'`,
  `update endpoint set ramp_from = ramp_from - $1 * interval '1 millisecond' where ramp_from is not null`,
  `update cadence set next_at = next_at - $1 * interval '1 millisecond'`,
  `update intent set started_at = started_at - $1 * interval '1 millisecond',
     ended_at = ended_at - $1 * interval '1 millisecond'`,
];

export const OUTCOMES = `
  select id, type, aggregatetype || '/' || aggregateid as subject, company, branch, actor, traceparent, payload, occurred_at
  from outbox order by outbox.position`;

export const ALL_LANES = `select id::text as id from lane order by lane.id`;

/** what was settled and never told of, or told of twice */
export const UNTOLD = `
  select s.position::text as position, s.state, count(o.position)::int as told
  from delivery_settled s
  left join outbox o on o.payload ->> 'deliveryId' = s.position::text and o.type like '%.delivery.' || s.state || '.v1'
  group by s.position, s.state
  having count(o.position) <> 1`;

/** what is both open and settled, or settled twice */
export const DOUBLED = `
  select position::text as position from (
    select position from delivery union all select position from delivery_settled) p
  group by position having count(*) > 1`;

export const WAITING = `select count(*)::int as waiting from delivery`;

export const LANES = `
  select id::text as id, key, waits_for, priority, epoch::text as epoch, lease_until is not null as leased, head::text as head
  from lane order by lane.id`;

export const OPEN = `
  select d.position::text as position, l.key as lane, d.operation, d.state, d.attempts, d.tries, d.reason
  from delivery d join lane l on l.id = d.lane_id order by d.position`;

export const SETTLED = `
  select d.position::text as position, l.key as lane, d.operation, d.state, d.attempts, d.tries, d.reason, d.settled_by
  from delivery_settled d join lane l on l.id = d.lane_id order by d.position`;

export const ATTEMPTS = `
  select position::text as position, number, epoch::text as epoch, counted, late, outcome, reason, replica
  from attempt order by attempt.position, ended_at, number`;

export const PARKED = `
  select id::text as id, state, key, event_id, reason_code, reason, integration_id::text as integration_id, holds,
    resolved_at is null as open, content
  from parked_event order by parked_event.id`;

export const INTENTS = `
  select position::text as position, number, state, replica, idempotency_key as key, cost::text as cost
  from intent order by intent.position, number`;

export const SPEND = `
  select integration_id::text as integration_id, period, reserved::text as reserved from spend
  order by spend.integration_id, spend.period`;

/** a day or month of which something else is reserved than its calls cost that were made, or may have been */
export const UNBALANCED_SPEND = `
  select s.integration_id::text as integration_id, s.period, s.reserved::text as reserved, coalesce(sum(i.cost), 0)::text as calls
  from spend s
  left join intent i on i.integration_id = s.integration_id and i.day::text like s.period || '%'
    and i.state in ('open', 'unknown', 'lost', 'confirmed', 'given-up')
  group by s.integration_id, s.period, s.reserved
  having s.reserved <> coalesce(sum(i.cost), 0)`;

export const INBOX = `select event_id, reason_code, reason from inbox order by received_at, event_id`;

/** as new, but for the partitions */
export const CLEAR = `
  delete from inbox; delete from parked_event; delete from endpoint_pause; delete from endpoint; delete from lane;
  delete from delivery; delete from delivery_action; delete from delivery_settled; delete from attempt; delete from cadence;
  delete from awaiting; delete from run; delete from outbox; delete from intake; delete from redrive_item; delete from redrive_territory;
  delete from redrive; delete from operation_key; delete from intent; delete from spend;
  alter sequence position restart`;
