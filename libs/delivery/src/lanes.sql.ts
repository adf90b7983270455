import { prepared } from '#libs/runtime';

/** $1 integration ids, $2 keys, in the order of the keys; makes the lanes that are missing */
export const ENSURE_LANES = prepared(`
  insert into lane (integration_id, key)
  select * from unnest($1::bigint[], $2::text[])
  on conflict do nothing`);

/**
 * $1 integration ids, $2 keys; every locker of lanes takes them by rising id. The ids are looked up one by one
 * (`offset 0`), whatever the planner would rather do with a table of middling size.
 */
export const LOCK_LANES_BY_KEY = prepared(`
  select l.id::text as id, l.integration_id::text as integration_id, l.key,
    l.lease_until is not null as leased
  from lane l
  where l.id = any(array(
    select f.id
    from unnest($1::bigint[], $2::text[]) as k(integration_id, key)
    cross join lateral (
      select id from lane where integration_id = k.integration_id and key = k.key offset 0) f))
  order by l.id
  for no key update of l`);

/** $1 lane ids */
export const LOCK_LANES = prepared(`
  select id::text as id, epoch::text as epoch, lease_until is not null as leased
  from lane
  where id = any($1::bigint[])
  order by lane.id
  for no key update`);

/**
 * Behind the operation of a lane whose head is to be verified, so that a claim which must cost nothing takes it, and a
 * process that cannot verify does not.
 */
export const VERIFIES = '?';

/**
 * The one place that says what a lane waits for, from its head, whatever the head's state: the lowest open position.
 * It must be a statement of its own, after the lock: within the statement that waited for the lock it would look at the
 * past, and a delivery planned meanwhile would sleep for ever.
 * The heads are sought by lane and position together, so that no plan walks all positions to find one lane's; and one row
 * is asked for where \`exists\` would do, which may be answered by hashing the whole table. A lane is written at the place
 * where it was read: locked before, it has not moved, and no plan can join each with each.
 */
function sayAnew(leased: string, release: string): string {
  return `
  with fact as materialized (
    select l.ctid as place, ${leased} as leased, h.position as head, h.endpoint_id,
      case when h.state = 'unknown' then h.operation || '${VERIFIES}' else h.operation end as operation,
      coalesce(u.urgent, case when h.priority < 0 and (
        select d.position from delivery d where d.lane_id = l.id and d.priority >= 0 order by d.lane_id, d.position limit 1) is null
        then h.priority else 0 end) as priority,
      case
        when h.position is null then null
        when h.state = 'parked' or (h.state = 'unknown' and h.retry_at is null) then 'person'
        when h.state = 'unknown' then 'nothing'
        when h.batch_id is not null and exists (
          select from delivery b where b.batch_id = h.batch_id and b.position < h.position) then 'batch'
        when h.after_lanes is not null and exists (
          select from unnest(h.after_lanes, h.after_positions) as a(lane, position)
          where a.position >= (
            select d.position from delivery d where d.lane_id = a.lane order by d.lane_id, d.position limit 1)) then 'dependency'
        when h.retry_at is null and h.attempts = 0 and coalesce(u.urgent, 0) = 0
          and (select true from cadence c where c.integration_id = l.integration_id) then 'window'
        else 'nothing'
      end as waits_for,
      coalesce(h.retry_at, h.planned_at) as due_at
    from lane l
    left join lateral (
      select d.position, d.endpoint_id, d.operation, d.state, d.after_lanes, d.after_positions, d.retry_at, d.attempts,
        d.planned_at, d.priority, d.batch_id
      from delivery d where d.lane_id = l.id order by d.lane_id, d.position limit 1) h on true
    left join lateral (
      select max(d.priority) as urgent from delivery d where d.lane_id = l.id and d.priority > 0) u on true
    where l.id = any($1::bigint[])),
  wanted as materialized (
    select place, leased, priority, head, endpoint_id, operation, waits_for, case when waits_for = 'nothing' then due_at end as ready_at
    from fact)
  update lane l set ${release}
    priority = w.priority,
    head = case when w.leased then l.head else w.head end,
    endpoint_id = case when w.leased then l.endpoint_id else w.endpoint_id end,
    operation = case when w.leased then l.operation else w.operation end,
    waits_for = case when w.leased then l.waits_for else w.waits_for end,
    ready_at = case when w.leased then l.ready_at else w.ready_at end
  from wanted w
  where l.ctid = w.place
    and (${leased} is distinct from (l.lease_until is not null)
      or l.priority <> w.priority
      or (not w.leased and (l.head, l.endpoint_id, l.operation, l.waits_for, l.ready_at)
        is distinct from (w.head, w.endpoint_id, w.operation, w.waits_for, w.ready_at)))
  returning l.id::text as id`;
}

/** $1 lane ids, locked by the caller; of a leased one only the priority changes. Answers those that changed. */
export const RECOMPUTE_LANES = prepared(sayAnew('l.lease_until is not null', ''));

/** $1 lane ids, locked by the caller, who holds their leases and gives them up. */
export const RELEASE_LANES = prepared(sayAnew('false', 'lease_until = null,'));

/** Stands where a priority would, for lanes claimed by their released window. */
export const WINDOWED = -2;

/**
 * Endpoints with lanes that are due, at which priority, and whether they stand still. Derived from the lanes and not
 * flagged: it skips from pair to pair along the partial indexes, so that its cost is that of the endpoints with work.
 */
export const DUE_ENDPOINTS = `
  with recursive ready as (
    (select endpoint_id, priority from lane where waits_for = 'nothing' order by endpoint_id, priority limit 1)
    union all
    select n.endpoint_id, n.priority
    from ready p
    cross join lateral (
      select l.endpoint_id, l.priority from lane l
      where l.waits_for = 'nothing' and (l.endpoint_id, l.priority) > (p.endpoint_id, p.priority)
      order by l.endpoint_id, l.priority
      limit 1) n
  ),
  waiting as (
    (select integration_id, endpoint_id, head from lane where waits_for = 'window'
      order by integration_id, endpoint_id, head limit 1)
    union all
    select n.integration_id, n.endpoint_id, n.head
    from waiting p
    cross join lateral (
      select l.integration_id, l.endpoint_id, l.head from lane l
      where l.waits_for = 'window' and (l.integration_id, l.endpoint_id) > (p.integration_id, p.endpoint_id)
      order by l.integration_id, l.endpoint_id, l.head
      limit 1) n
  ),
  due as (
    select p.endpoint_id, p.priority::int as priority
    from ready p
    where exists (
      select from lane l
      where l.waits_for = 'nothing' and l.endpoint_id = p.endpoint_id and l.priority = p.priority and l.ready_at <= now())
    union all
    select w.endpoint_id, ${WINDOWED}
    from waiting w
    where w.head <= (select c.released_up_to from cadence c where c.integration_id = w.integration_id)
  )
  select d.endpoint_id::text as endpoint_id, e.integration_id::text as integration_id, e.owner_key, d.priority,
    p.paused, p.spent, p.probe_due
  from due d
  join endpoint e on e.id = d.endpoint_id
  cross join lateral (
    select count(*) > 0 as paused, coalesce(bool_and(reason = 'spend-cap'), false) as spent,
      coalesce(bool_and(reason = 'spend-cap' or (reason = 'breaker' and probe_at <= now()))
        and bool_or(reason = 'breaker'), false) as probe_due
    from endpoint_pause
    where endpoint_id = d.endpoint_id) p`;

/** $1 endpoint, $2 how many, $3 lease in ms, $4 priority, $5 operations this process knows */
export const CLAIM_DUE_LANES = prepared(`
  with due as materialized (
    select l.id, l.lease_until is not null as was_leased
    from lane l
    where l.waits_for = 'nothing' and l.endpoint_id = $1 and l.priority = $4 and l.ready_at <= now()
      and l.operation = any($5::text[])
    order by l.ready_at
    limit $2
    for no key update skip locked)
  update lane l set epoch = l.epoch + 1,
    lease_until = clock_timestamp() + $3 * interval '1 millisecond',
    ready_at = clock_timestamp() + $3 * interval '1 millisecond'
  where l.id = any(array(select id from due))
  returning l.id::text as id, l.key, l.epoch::text as epoch,
    l.id = any(array(select id from due where due.was_leased)) as was_leased`);

/** $1 endpoint, $2 how many, $3 lease in ms, $4 integration, $5 operations; claiming ends the wait for a window, so a retry needs none */
export const CLAIM_RELEASED_LANES = prepared(`
  with due as materialized (
    select l.id
    from lane l
    where l.waits_for = 'window' and l.integration_id = $4 and l.endpoint_id = $1
      and l.head <= (select released_up_to from cadence where integration_id = $4)
      and l.operation = any($5::text[])
    order by l.head
    limit $2
    for no key update skip locked)
  update lane l set epoch = l.epoch + 1, waits_for = 'nothing',
    lease_until = clock_timestamp() + $3 * interval '1 millisecond',
    ready_at = clock_timestamp() + $3 * interval '1 millisecond'
  where l.id = any(array(select id from due))
  returning l.id::text as id, l.key, l.epoch::text as epoch, false as was_leased`);

/**
 * $1 claimed lane ids, $2 how many of each. A statement of its own, after the claim: read in the statement that locks,
 * a lane settled in between would hand out its already delivered head again.
 */
export const HEADS_OF_LANES = prepared(`
  select d.position::text as position, d.lane_id::text as lane_id, d.integration_id::text as integration_id,
    d.endpoint_id::text as endpoint_id, d.operation, d.state, d.attempts, d.tries, d.source, d.company, d.branch,
    d.event_id, d.event_type, d.subject, d.keys, d.traceparent, d.body, d.batch_id, d.waits
  from unnest($1::bigint[]) as l(id)
  cross join lateral (
    select position, lane_id, integration_id, endpoint_id, operation, state, attempts, tries, source, company, branch,
      event_id, event_type, subject, keys, traceparent, body, batch_id, after_lanes is not null as waits
    from delivery where lane_id = l.id order by lane_id, position limit $2) d
  order by d.lane_id, d.position`);

/** $1 lane ids, locked by the caller, $2 leases in ms */
export const RENEW_LANES = prepared(`
  with held as (
    select p.place, clock_timestamp() + v.lease_ms * interval '1 millisecond' as until
    from unnest($1::bigint[], $2::float8[]) as v(id, lease_ms)
    cross join lateral (select ctid as place from lane where id = v.id offset 0) p)
  update lane l set lease_until = h.until, ready_at = h.until
  from held h
  where l.ctid = h.place`);

/** $1 after id, $2 limit: the sweeper's walk over lanes with something open or leased */
export const LANES_TO_SWEEP = `
  select id::text as id from lane
  where id > $1 and waits_for is not null
  order by lane.id
  limit $2`;

/** $1 after id, $2 limit: lanes that wait for another, whose waker may have died */
export const BLOCKED_LANES = `
  select id::text as id from lane
  where id > $1 and waits_for = 'dependency'
  order by lane.id
  limit $2`;

/** $1 lane ids on which something was settled: lanes whose heads wait for them */
export const DEPENDENTS_OF = `
  select distinct l.id::text as id
  from delivery d
  join lane l on l.id = d.lane_id and l.head = d.position
  where d.after_lanes && $1::bigint[] and l.waits_for = 'dependency'`;
