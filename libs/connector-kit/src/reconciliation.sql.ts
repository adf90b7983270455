const COLUMNS = `
  r.id::text as id, r.integration_id::text as integration_id, r.state, r.started_by, r.started_at, r.finished_at, r.page,
  r.pages, r.total, r.readings, r.titles, r.reason, r.wait_until`;

const WORKED_ON = `${COLUMNS}, r.up_to::text as up_to, r.compared_up_to, r.epoch`;

/** $1 integration, $2 by whom, $3 last position: none while one of the integration is open */
export const START = `
  insert into reconciliation (integration_id, started_by, up_to) values ($1, $2, $3)
  on conflict do nothing
  returning id::text as id`;

/** $1 integration, $2 by whom, $3 last position, $4 not before: one per period, whoever starts it */
export const START_DUE = `
  insert into reconciliation (integration_id, started_by, up_to)
  select $1, $2, $3
  where $4::timestamptz <= now()
    and not exists (select from reconciliation where integration_id = $1 and finished_at is null)
  on conflict do nothing
  returning id::text as id`;

/** $1 integrations: when each was started last */
export const LAST_STARTED = `
  select integration_id::text as integration_id, max(started_at) as started_at
  from reconciliation where integration_id = any($1::bigint[]) group by integration_id`;

/** $1 integration, $2 how many of its last are kept */
export const FORGET_OLD = `
  delete from reconciliation where id in (
    select id from reconciliation where integration_id = $1 and finished_at is not null
    order by id desc offset $2)`;

/** $1 seconds: one that nobody works on and that need not wait, taken under a lease */
export const TAKE = `
  update reconciliation r set lease_until = clock_timestamp() + $1 * interval '1 second', epoch = r.epoch + 1
  where r.id = (
    select id from reconciliation
    where finished_at is null and (lease_until is null or lease_until <= clock_timestamp())
      and (wait_until is null or wait_until <= clock_timestamp())
    order by id limit 1 for update skip locked)
  returning ${WORKED_ON}`;

/** $1 id, $2 epoch: still ours, and locked until the step is written */
export const LOCK_OURS = `
  select ${WORKED_ON} from reconciliation r where r.id = $1 and r.epoch = $2 and r.finished_at is null for update`;

/** $1 id, $2 external ids, $3 fields */
export const KEEP_HELD = `
  insert into reconciliation_held (reconciliation_id, external_id, fields)
  select $1, external_id, fields from unnest($2::text[], $3::jsonb[]) as h(external_id, fields)
  on conflict (reconciliation_id, external_id) do update set fields = excluded.fields`;

/** $1 id, $2 state, $3 page, $4 pages, $5 total, $6 readings, $7 lease in seconds */
export const PAGE_READ = `
  update reconciliation set state = $2, page = $3, pages = $4, total = $5, readings = $6, reason = null, wait_until = null,
    lease_until = clock_timestamp() + $7 * interval '1 second'
  where id = $1`;

/** $1 id, $2 titles compared, $3 the last of them, $4 lease in seconds */
export const COMPARED = `
  update reconciliation set titles = titles + $2, compared_up_to = $3,
    lease_until = clock_timestamp() + $4 * interval '1 second'
  where id = $1`;

/** $1 id, $2 epoch, $3 why, $4 until: nobody works on it meanwhile */
export const PUT_OFF = `
  update reconciliation set reason = $3, wait_until = $4, lease_until = null
  where id = $1 and epoch = $2 and finished_at is null`;

/** $1 id, $2 state, $3 why */
export const FINISH = `
  update reconciliation set state = $2, reason = $3, finished_at = clock_timestamp(), lease_until = null, wait_until = null
  where id = $1`;

/** $1 id, $2 external ids: what is held under them, taken off the list */
export const TAKE_HELD = `
  delete from reconciliation_held where reconciliation_id = $1 and external_id = any($2::text[])
  returning external_id, fields`;

/** $1 id, $2 to $8 kinds, external ids, titles, differing fields as JSON, expected, held, reasons */
export const WRITE_ITEMS = `
  insert into reconciliation_item (reconciliation_id, kind, external_id, receivable_id, fields, expected, held, reason)
  select $1, kind, external_id, receivable_id, array(select jsonb_array_elements_text(fields)), expected, held, reason
  from unnest($2::text[], $3::text[], $4::text[], $5::jsonb[], $6::jsonb[], $7::jsonb[], $8::text[])
    as i(kind, external_id, receivable_id, fields, expected, held, reason)`;

/** $1 id: what no title accounts for */
export const WRITE_EXTRAS = `
  with gone as (
    delete from reconciliation_held where reconciliation_id = $1 returning external_id, fields)
  insert into reconciliation_item (reconciliation_id, kind, external_id, held, reason)
  select $1, 'extra', external_id, fields, 'nenhum título tem este código / no title has this id' from gone
  order by external_id`;

/** $1 integration, $2 before id or null, $3 limit */
export const LIST = `
  select ${COLUMNS} from reconciliation r
  where r.integration_id = $1 and ($2::bigint is null or r.id < $2)
  order by r.id desc limit $3`;

/** $1 id */
export const READ = `select ${COLUMNS} from reconciliation r where r.id = $1`;

/** $1 id */
export const COUNTS = `
  select kind, count(*)::int as items, count(planned_at)::int as planned
  from reconciliation_item where reconciliation_id = $1 group by kind`;

/** $1 id, $2 after, $3 kind or null, $4 limit */
export const ITEMS = `
  select i.id::text as id, i.kind, i.external_id as "externalId", i.receivable_id as "receivableId", i.fields, i.expected,
    i.held, i.reason, i.planned_at as "plannedAt", i.planned_by as "plannedBy"
  from reconciliation_item i
  where i.reconciliation_id = $1 and i.id > $2 and ($3::text is null or i.kind = $3)
  order by i.id limit $4`;

/** $1 id, $2 kinds, $3 after, $4 limit: what can be repaired and was not yet asked for */
export const TO_REPAIR = `
  select id::text as id, receivable_id from reconciliation_item
  where reconciliation_id = $1 and kind = any($2::text[]) and id > $3 and receivable_id is not null and planned_at is null
  order by reconciliation_item.id limit $4
  for update`;

/** $1 items, $2 by whom */
export const NOTE_PLANNED = `
  update reconciliation_item set planned_at = clock_timestamp(), planned_by = $2 where id = any($1::bigint[])`;
