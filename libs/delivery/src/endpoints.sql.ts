/** $1 integrations, $2 groups, $3 owners (source and company: fairness is between them), $4 concurrency limits */
export const ENSURE_ENDPOINTS = `
  insert into endpoint (integration_id, operation_group, owner_key, concurrency)
  select * from unnest($1::bigint[], $2::text[], $3::text[], $4::int[])
  on conflict (integration_id, operation_group) do nothing`;

/** $1 integration, $2 concurrency: an operator changed the limit */
export const LIMIT_ENDPOINTS = `update endpoint set concurrency = $2 where integration_id = $1 and concurrency <> $2`;

/** $1 integrations */
export const ENDPOINTS_OF = `
  select id::text as id, integration_id::text as integration_id, operation_group
  from endpoint where integration_id = any($1::bigint[])`;

/** $1 endpoint: whoever holds the row claims for it, and sees what stops it and what it may still take */
export const LOCK_ENDPOINT = `
  select e.id::text as id, e.integration_id::text as integration_id, e.concurrency,
    extract(epoch from now() - e.ramp_from)::float8 as ramp_seconds, e.ramp_second, e.ramp_used,
    (select count(*)::int from lane l where l.endpoint_id = e.id and l.lease_until > now()) as in_use,
    (select coalesce(array_agg(p.reason), '{}') from endpoint_pause p
      where p.endpoint_id = e.id and (p.until is null or p.until > now())) as pauses,
    (select c.released_up_to::text from cadence c where c.integration_id = e.integration_id) as released_up_to
  from endpoint e
  where e.id = $1
  for no key update skip locked`;

/** $1 endpoint, $2 second of the ramp, $3 claims in it so far; a null second ends the ramp */
export const COUNT_RAMP = `
  update endpoint set ramp_second = coalesce($2::int, 0), ramp_used = $3,
    ramp_from = case when $2::int is null then null else ramp_from end
  where id = $1`;

/** $1 endpoints: what stops each just now */
export const STANDING_PAUSES = `
  select endpoint_id::text as endpoint_id, reason, detail, until, probe_at <= now() as probe_due
  from endpoint_pause
  where endpoint_id = any($1::bigint[]) and (until is null or until > now())`;

/** every pause in force */
export const ALL_PAUSES = `
  select p.endpoint_id::text as endpoint_id, e.integration_id::text as integration_id, e.operation_group, p.reason, p.detail,
    p.set_by, p.since, p.until, p.probe_at
  from endpoint_pause p join endpoint e on e.id = p.endpoint_id
  where p.until is null or p.until > now()
  order by p.endpoint_id, p.reason`;

/** $1 endpoint, $2 reason, $3 detail, $4 by whom, $5 until, $6 ms to the first probe; answers a row when the pause is new */
export const PAUSE_ENDPOINT = `
  insert into endpoint_pause as p (endpoint_id, reason, detail, set_by, until, probe_at)
  values ($1, $2, $3, $4, $5, clock_timestamp() + $6::float8 * interval '1 millisecond')
  on conflict (endpoint_id, reason) do update
    set detail = excluded.detail, until = greatest(p.until, excluded.until), set_by = excluded.set_by,
      since = case when p.until <= now() then now() else p.since end
    where p.reason <> 'breaker'
  returning (xmax = 0) as fresh`;

/** $1 endpoint, $2 reason */
export const RESUME_ENDPOINT = `delete from endpoint_pause where endpoint_id = $1 and reason = $2 returning endpoint_id`;

/** pauses whose end has come; the endpoints start their ramp */
export const END_PAUSES = `
  with ended as (delete from endpoint_pause where until <= now() returning endpoint_id, reason)
  update endpoint e set ramp_from = now(), ramp_second = 0, ramp_used = 0
  from ended where e.id = ended.endpoint_id
  returning e.id::text as endpoint_id, e.integration_id::text as integration_id, ended.reason`;

/** $1 endpoint: after a successful probe, 1, 2, 4 … claims a second */
export const START_RAMP = `update endpoint set ramp_from = now(), ramp_second = 0, ramp_used = 0 where id = $1`;

/** $1 endpoint, $2 ms until the next probe may be tried: one replica takes it, only when nothing else stops the endpoint */
export const TAKE_PROBE = `
  update endpoint_pause set probe_at = clock_timestamp() + $2::float8 * interval '1 millisecond', probes = probes + 1
  where endpoint_id = $1 and reason = 'breaker' and probe_at <= now()
    and not exists (
      select from endpoint_pause o
      where o.endpoint_id = $1 and o.reason <> 'breaker' and (o.until is null or o.until > now()))
  returning probes`;

/** endpoints that stand still, and whether it is time to send one call through an open breaker */
export const PAUSED_ENDPOINTS = `
  select endpoint_id::text as endpoint_id, bool_and(reason = 'breaker' and probe_at <= now()) as probe_due
  from endpoint_pause
  where until is null or until > now()
  group by endpoint_id`;

/** $1 endpoint */
export const ENDPOINT_OWNER = `
  select e.integration_id::text as integration_id, e.operation_group, e.owner_key from endpoint e where e.id = $1`;
