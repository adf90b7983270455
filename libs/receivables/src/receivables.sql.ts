import { prepared } from '#libs/runtime';

/**
 * $1 sources, $2 companies, $3 titles, in the order of the key: locks what stands, in that order. Each is looked up by its
 * key, whatever the planner believes of a table that nobody has analyzed yet.
 */
export const LOCK_RECEIVABLES = prepared(`
  select r.source, r.company, r.receivable_id, r.sequence::text as sequence
  from unnest($1::text[], $2::text[], $3::text[]) as k(source, company, receivable_id)
  cross join lateral (
    select source, company, receivable_id, sequence from receivable
    where source = k.source and company = k.company and receivable_id = k.receivable_id
    for update) r`);

/**
 * $1 sources, $2 companies, $3 titles, $4 branches, $5 statuses, $6 sequences, $7 positions, $8 data, $9 positions of the
 * last movement or 0. `position` moves when the title does: a snapshot that says what is known leaves it.
 */
export const WRITE_RECEIVABLES = prepared(`
  insert into receivable as r (source, company, receivable_id, branch, status, sequence, position, data, moved, touched)
  select source, company, receivable_id, branch, status, sequence, position, data, moved, position
  from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::jsonb[], $9::bigint[])
    as t(source, company, receivable_id, branch, status, sequence, position, data, moved)
  on conflict (source, company, receivable_id) do update
    set branch = excluded.branch, status = excluded.status, sequence = excluded.sequence, data = excluded.data,
      position = case when r.data is distinct from excluded.data then excluded.position else r.position end,
      moved = greatest(r.moved, excluded.moved), touched = excluded.touched, updated_at = now()
    where r.sequence <= excluded.sequence`);

/**
 * $1 sources, $2 companies, $3 titles, $4 positions, $5 positions of the last movement or 0: older than what is known.
 * Locked by the caller, and so written at the place where each stands: no plan reads other titles.
 */
export const TOUCH_RECEIVABLES = prepared(`
  update receivable r set touched = t.position, moved = greatest(r.moved, t.moved)
  from (
    select f.place, k.position, k.moved
    from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])
      as k(source, company, receivable_id, position, moved)
    cross join lateral (
      select ctid as place from receivable
      where source = k.source and company = k.company and receivable_id = k.receivable_id offset 0) f) t
  where r.ctid = t.place`);

/** $1 sources, $2 companies, $3 titles, $4 event ids, $5 kinds, $6 known, $7 came */
export const RECORD_ANOMALIES = `
  insert into sequence_anomaly (source, company, receivable_id, event_id, kind, known, came)
  select * from unnest($1::text[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::bigint[], $7::bigint[])`;

/** $1 source, $2 company, $3 title */
export const READ_RECEIVABLE = `
  select data, status, sequence::text as sequence, position::text as position
  from receivable where source = $1 and company = $2 and receivable_id = $3`;
