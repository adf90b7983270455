import { prepared } from '#libs/runtime';
import { BACKGROUND } from './plan.js';

/**
 * $1 integrations, $2 groups, $3 owners (source and company: fairness is between them), $4 concurrency limits, where the
 * integration has no endpoint yet that says otherwise
 */
export const ENSURE_ENDPOINTS = `
  insert into endpoint (integration_id, operation_group, owner_key, concurrency)
  select w.integration_id, w.operation_group, w.owner_key,
    coalesce((select max(e.concurrency) from endpoint e where e.integration_id = w.integration_id), w.concurrency)
  from unnest($1::bigint[], $2::text[], $3::text[], $4::int[]) as w(integration_id, operation_group, owner_key, concurrency)
  on conflict (integration_id, operation_group) do nothing`;

/** $1 integration, $2 concurrency: an operator changed the limit */
export const LIMIT_ENDPOINTS = `update endpoint set concurrency = $2 where integration_id = $1 and concurrency <> $2`;

/** $1 integrations */
export const ENDPOINTS_OF = `
  select id::text as id, integration_id::text as integration_id, operation_group
  from endpoint where integration_id = any($1::bigint[])`;

/** $1 endpoint: whoever holds the row claims for it; another replica that claims just now is not waited for */
export const LOCK_ENDPOINT = prepared(
  `select id::text as id from endpoint where id = $1 for no key update skip locked`,
);

/**
 * $1 endpoint, locked by the caller: what stops it and what it may still take. A statement of its own: within the one
 * that locks, the leases of a claim that has just committed would not be counted. A batch is one call: its first lane
 * is counted, and not those that follow it. No more are counted than there may be; in order, because a scan in order
 * passes over what leases of before have left in the index, and any other reads it again each time.
 */
export const READ_ENDPOINT = prepared(`
  select e.id::text as id, e.integration_id::text as integration_id, e.operation_group, e.concurrency,
    extract(epoch from now() - e.ramp_from)::float8 as ramp_seconds, e.ramp_second, e.ramp_used,
    u.in_use, u.in_background,
    (select coalesce(array_agg(p.reason), '{}') from endpoint_pause p where p.endpoint_id = e.id) as pauses,
    (select c.released_up_to::text from cadence c where c.integration_id = e.integration_id) as released_up_to
  from endpoint e
  cross join lateral (
    select count(*)::int as in_use, (count(*) filter (where leased.priority = ${BACKGROUND}))::int as in_background
    from (
      select l.priority from lane l
      where l.endpoint_id = e.id and l.lease_until > now() and l.waits_for <> 'batch'
      order by l.endpoint_id, l.lease_until
      limit e.concurrency) leased) u
  where e.id = $1`);

/** $1 endpoint, $2 second of the ramp, $3 claims in it so far; a null second ends the ramp */
export const COUNT_RAMP = `
  update endpoint set ramp_second = coalesce($2::int, 0), ramp_used = $3,
    ramp_from = case when $2::int is null then null else ramp_from end
  where id = $1`;

/** $1 endpoints: what stops each just now. A pause stands until it is taken away, also when its end has come: with that begins the ramp. */
export const STANDING_PAUSES = `
  select endpoint_id::text as endpoint_id, reason
  from endpoint_pause
  where endpoint_id = any($1::bigint[])
  order by reason`;

/** every pause that stands */
export const ALL_PAUSES = `
  select p.endpoint_id::text as endpoint_id, e.integration_id::text as integration_id, e.operation_group, p.reason, p.detail,
    p.set_by, p.since, p.until, p.probe_at
  from endpoint_pause p join endpoint e on e.id = p.endpoint_id
  order by p.endpoint_id, p.reason`;

/**
 * $1 endpoint, $2 reason, $3 detail, $4 by whom, $5 ms until it ends (null: it does not by itself), $6 ms to the first
 * probe; answers a row when something changed. Of two ends the later one stands, and none is later than any.
 */
export const PAUSE_ENDPOINT = `
  insert into endpoint_pause as p (endpoint_id, reason, detail, set_by, until, probe_at)
  values ($1, $2, $3, $4, clock_timestamp() + $5::float8 * interval '1 millisecond',
    clock_timestamp() + $6::float8 * interval '1 millisecond')
  on conflict (endpoint_id, reason) do update
    set detail = excluded.detail, set_by = excluded.set_by,
      until = case when p.until is null or excluded.until is null then null else greatest(p.until, excluded.until) end
    where p.reason <> 'breaker'
  returning (xmax = 0) as fresh, until`;

/** $1 endpoint: taken before its pauses are touched, as a claim takes it */
export const WAIT_FOR_ENDPOINT = `select id from endpoint where id = $1 for no key update`;

/** $1 endpoint, $2 reason */
export const RESUME_ENDPOINT = `delete from endpoint_pause where endpoint_id = $1 and reason = $2 returning endpoint_id`;

/** whether the end of any pause has come */
export const PAUSES_TO_END = `select exists (select from endpoint_pause where until <= now()) as any_to_end`;

/** endpoints with a pause whose end has come, taken before their pauses; what is held just now comes next time */
export const LOCK_ENDPOINTS_TO_RESUME = `
  select id::text as id from endpoint
  where id in (select endpoint_id from endpoint_pause where until <= now())
  order by endpoint.id
  for no key update skip locked`;

/** $1 endpoints, locked by the caller */
export const END_PAUSES = `
  delete from endpoint_pause where endpoint_id = any($1::bigint[]) and until <= now()
  returning endpoint_id::text as endpoint_id, reason`;

/** $1 endpoints: once nothing stops them, 1, 2, 4 … claims a second */
export const START_RAMPS = `
  update endpoint set ramp_from = now(), ramp_second = 0, ramp_used = 0 where id = any($1::bigint[]) and not exempt`;

/** $1 integration, $2 groups, $3 whether each is exempt from caps and ramps: a duty of law does not wait for either */
export const EXEMPT_ENDPOINTS = `
  update endpoint e set exempt = w.exempt, ramp_from = case when w.exempt then null else e.ramp_from end
  from unnest($2::text[], $3::boolean[]) as w(operation_group, exempt)
  where e.integration_id = $1 and e.operation_group = w.operation_group and e.exempt <> w.exempt`;

/** $1 endpoint, $2 ms until another may try: one replica takes the probe, only when nothing else stops the endpoint; a spent budget stops no probe */
export const TAKE_PROBE = `
  update endpoint_pause set probe_at = clock_timestamp() + $2::float8 * interval '1 millisecond', probes = probes + 1
  where endpoint_id = $1 and reason = 'breaker' and probe_at <= now()
    and not exists (
      select from endpoint_pause o
      where o.endpoint_id = $1 and o.reason not in ('breaker', 'spend-cap'))
  returning probes`;

/** $1 endpoint, $2 ms until the next probe: the last one failed */
export const PUT_OFF_PROBE = `
  update endpoint_pause set probe_at = clock_timestamp() + $2::float8 * interval '1 millisecond'
  where endpoint_id = $1 and reason = 'breaker'`;

/** $1 endpoints */
export const ENDPOINT_OWNERS = `
  select id::text as endpoint_id, integration_id::text as integration_id, operation_group, owner_key
  from endpoint where id = any($1::bigint[])`;
