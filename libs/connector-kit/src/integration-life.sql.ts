/** $1 integration */
export const ENSURE_LIFE = `
  insert into integration_life (integration_id, ready, since) values ($1, false, now())
  on conflict (integration_id) do nothing`;

/** $1 integration */
export const LOCK_LIFE = `
  select ready, told_up_to::text as told_up_to from integration_life where integration_id = $1 for update`;

/** $1 integration: everything after is told by its movements */
export const BECOME_READY = `
  update integration_life set ready = true, since = now(), told_up_to = null where integration_id = $1`;

/** $1 integration, $2 position */
export const STOP_BEING_READY = `
  update integration_life set ready = false, since = now(), told_up_to = $2 where integration_id = $1`;

/** Integrations whose settings may say something else than their life: what a deploy or a lost key changed. */
export const READ_LIVES = `select integration_id::text as id, ready from integration_life`;

/** $1 integration, $2 kind, $3 above, $4 not moved after, $5 whether it waits for the titles to be read whole, $6 by */
export const BEGIN_LOAD = `
  insert into integration_load (integration_id, kind, above, not_moved_after, needs_fill, asked_by)
  values ($1, $2, $3, $4, $5, $6)
  returning id::text as id`;

/**
 * The next load to work on, whatever replica works: one at a time per integration, in the order they were asked for, and
 * the one that waited longest among integrations. Its integration stays ready while it is held.
 */
export const TAKE_LOAD = `
  select l.id::text as id, l.integration_id::text as integration_id, l.kind, l.above::text as above,
    l.not_moved_after::text as not_moved_after, l.last_title
  from integration_load l
  join integration_life f on f.integration_id = l.integration_id and f.ready
  join integration i on i.id = l.integration_id
  left join receivable_fill r on r.source = i.source and r.company = i.company
  where l.finished_at is null and (not l.needs_fill or r.filled_at is not null)
    and not exists (
      select from integration_load o where o.integration_id = l.integration_id and o.finished_at is null and o.id < l.id)
    and (
      select count(*) from (
        select from delivery d where d.integration_id = l.integration_id and d.priority < 0 limit 20001) open) <= 20000
  order by l.worked_at, l.id
  limit 1
  for update of l skip locked
  for share of f skip locked`;

/** $1 load, $2 last title, $3 titles, $4 deliveries, $5 failures, $6 whether that was all */
export const ADVANCE_LOAD = `
  update integration_load set last_title = $2, titles = titles + $3, deliveries = deliveries + $4,
    failures = failures + $5, worked_at = clock_timestamp(), finished_at = case when $6 then now() end
  where id = $1`;

/** $1 load, $2 titles, $3 reasons */
export const RECORD_FAILURES = `
  insert into integration_load_failure (load_id, receivable_id, reason)
  select $1, * from unnest($2::text[], $3::text[])
  on conflict do nothing`;

/** $1 integration, $2 before id or null, $3 limit */
export const LIST_LOADS = `
  select l.id::text as id, l.kind, l.needs_fill and f.filled_at is null and l.finished_at is null as waits_for_backfill,
    l.titles, l.deliveries, l.failures, l.asked_by, l.asked_at, l.finished_at
  from integration_load l
  join integration i on i.id = l.integration_id
  left join receivable_fill f on f.source = i.source and f.company = i.company
  where l.integration_id = $1 and ($2::bigint is null or l.id < $2)
  order by l.id desc
  limit $3`;

/** $1 load, $2 integration, $3 after title, $4 limit */
export const LIST_FAILURES = `
  select e.receivable_id, e.reason from integration_load_failure e
  join integration_load l on l.id = e.load_id
  where e.load_id = $1 and l.integration_id = $2 and e.receivable_id > $3
  order by e.receivable_id
  limit $4`;

/** $1 integration: those that wait for a backfill begin with what there is */
export const WAIT_NO_LONGER = `
  update integration_load set needs_fill = false where integration_id = $1 and needs_fill and finished_at is null
  returning id`;

/** $1 integration: whether a load of it waits for the titles of its company to be read whole */
export const WAITS_FOR_FILL = `
  select exists (
    select from integration_load l
    join integration i on i.id = l.integration_id
    left join receivable_fill f on f.source = i.source and f.company = i.company
    where l.integration_id = $1 and l.needs_fill and l.finished_at is null and f.filled_at is null) as waits`;

/** $1 integration: whether it ever told its partner anything */
export const HAS_TOLD = `
  select exists (select from lane where integration_id = $1) as told`;
