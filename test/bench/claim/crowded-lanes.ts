/** `$1` owner; room for everything. */
export const ENDPOINT = `
  insert into endpoint (integration_id, operation_group, owner_key, concurrency) values (1, 'default', $1, 100000)
  returning id::text as id`;

/** `$1` from, `$2` to, `$3` endpoint: lanes due since different instants; each head's position is its number */
export const LANES = `
  insert into lane (integration_id, key, endpoint_id, operation, priority, waits_for, ready_at, head)
  select 1, 'crowd-' || n, $3::bigint, 'title.put', 0, 'nothing', now() - n * interval '1 millisecond', n
  from generate_series($1::int, $2::int) n`;

/** As above: the one delivery of each. */
export const DELIVERIES = `
  insert into delivery (position, lane_id, integration_id, endpoint_id, operation, kind, source, company, subject, body)
  select l.head, l.id, 1, $3::bigint, 'title.put', 'movement', '/erp/bench', '1', 'receivable/1', '{}'
  from lane l where l.head between $1::int and $2::int`;
