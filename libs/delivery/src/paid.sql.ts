/** The states of an intent of which nobody knows what became. */
export const UNVERIFIED = `('open', 'unknown', 'lost')`;

/** Of a delivery whose effect nobody knows and that nothing will find out by itself. */
export const WAITS_FOR_PERSON = `(d.state = 'parked' or (d.state = 'unknown' and d.retry_at is null))`;

/** $1 integrations, $2 operations, $3 keys, $4 positions, $5 costs: those that were never asked for; in one order for everybody */
export const CLAIM_OPERATION_KEYS = `
  insert into operation_key (integration_id, operation, key, position, cost)
  select integration_id, operation, key, position, cost
  from unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::numeric[])
    as k(integration_id, operation, key, position, cost)
  order by integration_id, operation, key, position
  on conflict (integration_id, operation, key) do nothing
  returning position::text as position`;

/** $1 integration, $2 operation, $3 key */
export const ASKED_BEFORE = `
  select position::text as position from operation_key where integration_id = $1 and operation = $2 and key = $3`;

/** $1 position, $2 the one put in its place */
export const MOVE_OPERATION_KEY = `update operation_key set position = $2 where position = $1`;

/** $1 position: whether its operation is paid or irreversible, and whether a call it made was found absent, and only by its key */
export const PAID_FACTS = `
  select exists (select from operation_key where position = $1) as paid,
    exists (select from intent where position = $1 and state = 'absent') as found_absent`;

/**
 * $1 lane, $2 epoch: ours still, and from here on one whose head is verified before anything else; a statement that
 * waits for the lane's lock
 */
export const MARK_LANE = `
  update lane set operation = rtrim(operation, '?') || '?'
  where id = $1 and epoch = $2 and lease_until is not null
  returning id`;

/**
 * $1 position, $2 tries: nothing when it is not to be called any more; what it costs, and since when the partner may know
 * our key for it, where a call was found absent
 */
export const ASKED = `
  select k.position is not null as asked, k.cost::text as cost,
    (select extract(epoch from clock_timestamp() - min(i.started_at)) * 1000 from intent i
      where i.position = d.position and exists (
        select from intent a where a.position = d.position and a.state = 'absent'))::float8 as key_used_ms
  from delivery d
  left join operation_key k on k.position = d.position
  where d.position = $1 and d.tries = $2 and d.state = 'pending'`;

/** $1 integration, $2 periods, $3 caps */
export const ENSURE_SPEND = `
  insert into spend as s (integration_id, period, cap)
  select $1, period, cap from unnest($2::text[], $3::numeric[]) as p(period, cap) order by period
  on conflict (integration_id, period) do update set cap = excluded.cap where s.cap is distinct from excluded.cap`;

/** $1 integration, $2 periods: nobody else reserves of them meanwhile */
export const LOCK_SPEND = `
  select period, reserved::text as reserved from spend
  where integration_id = $1 and period = any($2::text[])
  order by spend.period
  for no key update`;

/** $1 integration, $2 periods, $3 cost */
export const RESERVE = `
  update spend set reserved = reserved + $3::numeric where integration_id = $1 and period = any($2::text[])`;

/** $1 position, $2 number, $3 epoch, $4 replica, $5 integration, $6 idempotency key, $7 cost, $8 local day it is charged to, or null */
export const INSERT_INTENT = `
  insert into intent (position, number, epoch, replica, integration_id, idempotency_key, cost, day)
  values ($1, $2, $3, $4, $5, $6, $7::numeric, $8::date)`;

/** $1 position, $2 reason, $3 ms until it is verified, should nobody say what became of it */
export const CALL_ON_ITS_WAY = `
  update delivery set state = 'unknown', reason = $2, retry_at = clock_timestamp() + $3 * interval '1 millisecond'
  where position = $1`;

/** $1 position, $2 reason: it waits for a person from here on */
export const LEAVE_TO_PERSON = `
  update delivery set state = 'unknown', reason = $2, retry_at = null, failed_at = clock_timestamp() where position = $1`;

/** $1 position: its calls of which somebody may still learn what became */
export const INTENTS_TO_RESOLVE = `
  select number from intent where position = $1 and state in ('open', 'unknown', 'lost', 'absent') order by number`;

/** $1 position: its last intent, with its age on the database's clock */
export const LAST_INTENT = `
  select number, state, unanswered,
    (extract(epoch from clock_timestamp() - ended_at) * 1000)::float8 as ended_ms,
    (extract(epoch from clock_timestamp() - (select min(i.started_at) from intent i where i.position = $1)) * 1000)::float8
      as key_used_ms
  from intent where position = $1
  order by number desc
  limit 1`;

const IS_CHARGED = (state: string) => `(${state} in ('open', 'unknown', 'lost', 'confirmed', 'given-up'))::int`;

/**
 * $1 positions, $2 numbers, $3 states (null: as it is), $4 verifications in a row that got no answer. What a call was
 * reserved is given back when it is known not to have been made, and taken again should it turn out that it was.
 */
export const END_INTENTS = `
  with moved as materialized (
    select i.position, i.number, i.integration_id, i.day, i.cost, coalesce(v.state, i.state) as state, v.unanswered,
      i.cost * (${IS_CHARGED('coalesce(v.state, i.state)')} - ${IS_CHARGED('i.state')}) as more
    from unnest($1::bigint[], $2::int[], $3::text[], $4::int[]) as v(position, number, state, unanswered)
    join intent i on i.position = v.position and i.number = v.number
    where case v.state
      when 'confirmed' then i.state <> 'confirmed'
      when 'lost' then i.state = 'open'
      when 'unknown' then i.state in ('open', 'lost')
      when 'denied' then i.state in ${UNVERIFIED} or i.state = 'absent'
      else i.state in ${UNVERIFIED} end),
  ended as (
    update intent i set state = m.state, unanswered = m.unanswered,
      ended_at = case when m.state in ('lost', 'unknown') and i.state <> m.state then clock_timestamp()
        else coalesce(i.ended_at, clock_timestamp()) end
    from moved m where i.position = m.position and i.number = m.number),
  due as materialized (
    select m.integration_id, p.period, sum(m.more) as more
    from moved m cross join lateral (values (m.day::text), (left(m.day::text, 7))) as p(period)
    where m.more <> 0
    group by m.integration_id, p.period),
  held as materialized (
    select s.integration_id, s.period from spend s join due d using (integration_id, period)
    order by s.integration_id, s.period
    for no key update of s)
  update spend s set reserved = s.reserved + d.more
  from due d join held h using (integration_id, period)
  where s.integration_id = d.integration_id and s.period = d.period`;

/** $1 position, $2 number: what a late result of this call still finds: the delivery, where no later call was begun */
export const STILL_OF_INTENT = `
  select d.tries, d.attempts, d.state from delivery d
  where d.position = $1 and (select max(number) from intent where position = $1) = $2
  for update`;

/** $1 position */
export const INTENTS_OF = `
  select number, state, cost::text as cost, idempotency_key, replica, started_at, ended_at
  from intent where position = $1 order by number`;

export const COUNT_UNKNOWN = `
  select count(*) filter (where d.retry_at is not null)::int as verifying, count(*) filter (where d.retry_at is null)::int as person,
    min(f.since) filter (where d.retry_at is not null) as oldest_verifying,
    min(f.since) filter (where d.retry_at is null) as oldest_person,
    (select count(*)::int from intent where state in ${UNVERIFIED}) as open_intents
  from delivery d
  cross join lateral (
    select coalesce((select max(started_at) from intent i where i.position = d.position), d.planned_at) as since) f
  where d.state = 'unknown'`;

/** Of those that spend, what they have reserved in their present day: the last they reserved anything in, while it is recent. */
export const SPENT = `
  select integration_id::text as integration_id, period, reserved::text as reserved, cap::text as cap
  from (
    select distinct on (integration_id) * from spend
    where length(period) = 10 and period >= to_char(now() - interval '1 day', 'YYYY-MM-DD')
    order by integration_id, period desc) s
  order by integration_id
  limit 1000`;
