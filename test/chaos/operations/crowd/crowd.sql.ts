/**
 * $1 integration, $2 lanes, $3 deliveries on each: a backlog as intake leaves it, asleep and without the heads, which one
 * statement cannot see while it makes them. A deletion needs no body, and of what is not there it is a success.
 */
export const MAKE_BACKLOG = `
  with lanes as (
    insert into customerx.lane (integration_id, key, endpoint_id, operation)
    select $1::bigint, 'receivable/CROWD-' || n, e.id, 'financial.delete'
    from generate_series(1, $2::int) n
    cross join lateral (
      select id from customerx.endpoint where integration_id = $1::bigint and operation_group = 'default') e
    returning id, integration_id, key, endpoint_id)
  insert into customerx.delivery (position, lane_id, integration_id, endpoint_id, operation, kind, source, company, subject, body)
  select nextval('customerx.position'), l.id, l.integration_id, l.endpoint_id, 'financial.delete', 'movement', '/erp/demo', '1',
    l.key, jsonb_build_object('externalId', replace(l.key, 'receivable/', ''))
  from generate_series(1, $3::int) at cross join lanes l`;

/** $1 integration: each lane that has none gets its lowest position, and is due from now on; nobody claims it meanwhile. */
export const WAKE_BACKLOG = `
  update customerx.lane l set head = d.head, waits_for = 'nothing', ready_at = now()
  from (select lane_id, min(position) as head from customerx.delivery where integration_id = $1::bigint group by lane_id) d
  where l.id = d.lane_id and l.head is null`;

/** $1 integration */
export const WAITING_OF = `select count(*)::int as waiting from customerx.delivery where integration_id = $1::bigint`;

/**
 * $1 how many: integrations that were turned on and lack their token, each with an endpoint, a lane on which nothing is
 * open, and a window that comes in some hours.
 */
export const MAKE_IDLE_INTEGRATIONS = `
  with made as (
    insert into customerx.integration (source, company, name, display_name, enabled, settings, secrets, version, updated_at, updated_by)
    select '/erp/demo', 'IDLE-' || n, 'customerx', 'CustomerX', true, '{"periodicityMinutes": 120}', '{}', 1, now(), 'demo'
    from generate_series(1, $1::int) n
    returning id, source, company),
  endpoints as (
    insert into customerx.endpoint (integration_id, operation_group, owner_key, concurrency)
    select id, 'default', source || '|' || company, 8 from made
    returning id, integration_id),
  lanes as (
    insert into customerx.lane (integration_id, key, endpoint_id)
    select integration_id, 'receivable/1', id from endpoints
    returning id)
  insert into customerx.cadence (integration_id, every_seconds, zone, next_at)
  select id, 7200, 'America/Sao_Paulo', now() + (1 + id % 3) * interval '1 hour' from made
  on conflict do nothing`;
