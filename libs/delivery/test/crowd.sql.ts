/**
 * $1 integration, $2 from, $3 how many: lanes with one delivery each, due since different instants, made without the
 * engine because they are many
 */
export const CROWD_OF_LANES = `
  with lanes as (
    insert into lane (integration_id, key, endpoint_id, operation, priority, waits_for, ready_at)
    select $1::bigint, 'crowd-' || n, e.id, 'title.put', 0, 'nothing', now() - n * interval '1 millisecond'
    from generate_series($2::int, $2::int + $3::int - 1) n
    join endpoint e on e.integration_id = $1::bigint
    returning id, integration_id, endpoint_id, ready_at),
  deliveries as (
    insert into delivery (position, lane_id, integration_id, endpoint_id, operation, kind, source, company, subject, body,
      planned_at)
    select nextval('position'), id, integration_id, endpoint_id, 'title.put', 'movement', '/erp/demo', '1', 'receivable/1', '{}',
      ready_at
    from lanes
    returning position, lane_id)
  select count(*)::int as made from deliveries`;

/** the lanes' heads, which one statement cannot see while it makes them */
export const CROWD_HEADS = `
  update lane l set head = d.position from delivery d where d.lane_id = l.id and l.head is null`;

/** $1 integration, $2 owner */
export const CROWD_ENDPOINT = `
  insert into endpoint (integration_id, operation_group, owner_key, concurrency) values ($1, 'default', $2, 100000)
  returning id::text as id`;

/** $1 how many lanes from the first, $2 how many more deliveries each */
export const CROWD_LONG = `
  insert into delivery (position, lane_id, integration_id, endpoint_id, operation, kind, source, company, subject, body)
  select nextval('position'), l.id, l.integration_id, l.endpoint_id, 'title.put', 'movement', '/erp/demo', '1', 'receivable/1', '{}'
  from lane l cross join generate_series(1, $2::int)
  where l.id <= $1`;

/** $1 after which lane, $2 up to which: their heads wait for the long lanes, to their ends */
export const CROWD_WAITS = `
  with waiting as (
    update delivery d set after_lanes = array[d.lane_id % $1 + 1], after_positions = array[9000000000]
    where d.lane_id > $1 and d.lane_id <= $2
    returning d.lane_id)
  update lane set waits_for = 'dependency', ready_at = null where id in (select lane_id from waiting)`;

/** $1 after which lane, $2 up to which: their heads are parked until something is told on the first lanes */
export const CROWD_AWAITS = `
  with parked as (
    update delivery set state = 'parked' where lane_id > $1 and lane_id <= $2
    returning position, integration_id, lane_id)
  insert into awaiting (position, integration_id, lane_key, try_at)
  select position, integration_id, 'crowd-' || lane_id - $1, now() from parked`;

/** $1 after which lane: they wait for their integration's window, which has been released */
export const CROWD_IN_WINDOWS = `
  with released as (
    insert into cadence (integration_id, every_seconds, zone, next_at, released_up_to)
    values (1, 3600, 'America/Sao_Paulo', now() + interval '1 hour', 9000000000))
  update lane set waits_for = 'window', ready_at = null where id > $1`;

/** $1 from, $2 how many: what was taken in today, a subject for each */
export const CROWD_INBOX = `
  insert into inbox (source, event_id, day, hash, company, type, subject)
  select '/erp/demo', md5(n::text)::uuid, current_date, '', '1', 'x', n::text
  from generate_series($1::int, $1::int + $2::int - 1) n`;

/** $1 from, $2 how many: a parked event for each lane, which holds its key */
export const CROWD_PARKED = `
  insert into parked_event (state, source, company, key, holds, reason_code, reason, queue, hash, content, properties)
  select 'parked', '/erp/demo', '1', 'receivable/' || n, true, 'invalid', '', 'events', int4send(n), '', '{}'
  from generate_series($1::int, $1::int + $2::int - 1) n`;
