export const SCHEMA = 'ledger';

/** $1 how many: integrations with a window each second, counted in UTC, each with a lane. */
export const MAKE_INTEGRATIONS = `
  with made as (
    insert into ledger.endpoint (integration_id, operation_group, owner_key, concurrency)
    select n, 'default', '/erp/demo|' || n, 8 from generate_series(1, $1::int) n
    returning id, integration_id),
  lanes as (
    insert into ledger.lane (integration_id, key, endpoint_id, waits_for)
    select integration_id, 'lane', id, 'window' from made)
  insert into ledger.cadence (integration_id, every_seconds, zone, next_at)
  select integration_id, 1, 'UTC', now() from made`;

/** One delivery more for every integration: a window in which nothing waits leaves no run. */
export const PLAN_FOR_ALL = `
  insert into ledger.delivery (position, lane_id, integration_id, endpoint_id, operation, kind, source, company, subject, body)
  select nextval('ledger.position'), id, integration_id, endpoint_id, 'title.put', 'movement', '/erp/demo', '1', 'receivable/1', '{}'
  from ledger.lane`;

export const COUNT_RUNS = `select count(*)::int as runs from ledger.run`;

/** Every run beside the one before it of the same integration. */
export const RUNS_IN_ORDER = `
  select integration_id::text as integration, window_local as local, started_by, from_position::text as from_position,
    (lag(up_to) over w)::text as last_up_to, up_to::text as up_to,
    started_at < (window_local || 'Z')::timestamptz as early,
    count(*) over (partition by integration_id, window_local)::int as same_window
  from ledger.run
  window w as (partition by integration_id order by run.id)
  order by run.id`;

/** Deliveries below the last cut-off that are in no run, or in more than one. */
export const MISCOUNTED = `
  select d.position::text as position, count(r.id)::int as runs
  from ledger.delivery d
  left join ledger.run r
    on r.integration_id = d.integration_id and d.position > r.from_position and d.position <= r.up_to
  where d.position <= (select min(c.run_up_to) from ledger.cadence c)
  group by d.position
  having count(r.id) <> 1`;

/** Outcomes of runs begun, and of how many runs. */
export const RUNS_TOLD = `
  select count(*)::int as told, count(distinct payload ->> 'runId')::int as runs
  from ledger.outbox where type = 'demo.run.started.v1'`;
