/** $1 source, $2 company, $3 a new id, $4 by: a wish that stands keeps its id @returns the id that stands, none where the titles were read whole */
export const WANT_FILL = `
  insert into receivable_fill as f (source, company, wanted_id, wanted_at, wanted_by)
  values ($1, $2, $3, now(), $4)
  on conflict (source, company) do update
    set wanted_id = coalesce(f.wanted_id, excluded.wanted_id), wanted_at = coalesce(f.wanted_at, excluded.wanted_at),
      wanted_by = coalesce(f.wanted_by, excluded.wanted_by)
    where f.filled_at is null
  returning wanted_id`;

/** $1 source, $2 company, $3 a new id, $4 by: a new walk, whatever was walked before */
export const RENEW_WISH = `
  insert into receivable_fill as f (source, company, wanted_id, wanted_at, wanted_by)
  values ($1, $2, $3, now(), $4)
  on conflict (source, company) do update
    set wanted_id = excluded.wanted_id, wanted_at = excluded.wanted_at, wanted_by = excluded.wanted_by,
      wanted_said_at = null, walk_id = null, walk_started_position = null`;

/**
 * $1 seconds: wishes no walk has answered, unsaid for that long; marked as said by this very statement. One that a walk has
 * begun to answer is said again after an hour: a walk that failed begins anew, one that goes on is the same.
 */
export const SAY_WISHES = `
  update receivable_fill f set wanted_said_at = now()
  from (
    select source, company from receivable_fill
    where wanted_id is not null and (wanted_said_at is null or wanted_said_at < now() - case
      when walk_id is null then make_interval(secs => $1) else interval '1 hour' end)
    order by source, company
    for update skip locked) due
  where f.source = due.source and f.company = due.company
  returning f.source, f.company, f.wanted_id, f.wanted_by`;

/** $1 source, $2 company, $3 walk, $4 position: a walk that begins takes the place of one that never ended */
export const BEGIN_WALK = `
  insert into receivable_fill as f (source, company, walk_id, walk_started_position)
  values ($1, $2, $3, $4)
  on conflict (source, company) do update
    set walk_id = excluded.walk_id, walk_started_position = excluded.walk_started_position`;

/** $1 source, $2 company, $3 walk: none where another one has begun since */
export const LOCK_WALK = `
  select walk_started_position::text as started from receivable_fill
  where source = $1 and company = $2 and walk_id = $3
  for update`;

/**
 * $1 source, $2 company, $3 position at which the walk began, $4 titles that are there though they could not be read,
 * $5 the first day whose settlements every walk shows, $6 position now. What a walk must show, and has not, is gone:
 * what is owed, and what was settled since that day. Of older titles a walk says nothing.
 */
export const SWEEP_UNSEEN = `
  update receivable
  set status = 'deleted', data = jsonb_set(data, '{status}', '"deleted"'), position = $6, updated_at = now()
  where source = $1 and company = $2 and touched < $3 and status <> 'deleted' and receivable_id <> all($4::text[])
    and (status in ('open', 'partially-settled') or exists (
      select from jsonb_array_elements(data->'settlements') as s where s->>'date' >= $5))`;

/** $1 source, $2 company, $3 rows, $4 swept. The first walk fills; each later one compares as well. */
export const END_WALK = `
  update receivable_fill
  set compared_from = case when filled_at is not null then walk_started_position end,
    filled_at = now(), rows = $3, swept = $4, wanted_id = null, wanted_at = null, wanted_by = null,
    wanted_said_at = null, walk_id = null, walk_started_position = null
  where source = $1 and company = $2`;

/** $1 source, $2 company */
export const READ_FILL = `
  select f.filled_at, f.rows::int as rows, f.swept::int as swept, f.wanted_at, f.wanted_by,
    f.walk_id is not null as walking, m.missed
  from receivable_fill f
  cross join lateral (
    select count(*)::int as missed from receivable r
    where r.source = f.source and r.company = f.company and r.position > f.compared_from and r.moved < r.position) m
  where f.source = $1 and f.company = $2`;

/** What the last comparison of each company found and no movement has told since. */
export const COUNT_MISSED = `
  select f.source, f.company, m.missed
  from receivable_fill f
  cross join lateral (
    select count(*)::int as missed from receivable r
    where r.source = f.source and r.company = f.company and r.position > f.compared_from and r.moved < r.position) m
  where m.missed > 0`;

/** $1 source, $2 company, $3 days: read whole longer ago than that, and nobody wants it read anew */
export const IS_STALE = `
  select 1 from receivable_fill
  where source = $1 and company = $2 and filled_at < now() - $3 * interval '1 day' and wanted_id is null`;

/**
 * $1 source, $2 company, $3 branch or null for all, $4 after title, $5 above position, $6 no movement after this
 * position, $7 only what is owed or settled from this day on (`infinity`: owed; null: all), $8 limit. The lock orders a load against the movements that come in meanwhile.
 */
export const LOCK_TITLES_TO_LOAD = `
  select receivable_id, data from receivable
  where source = $1 and company = $2 and ($3::text is null or branch = $3) and receivable_id > $4
    and position > $5 and moved <= $6 and ($7::text is null or status in ('open', 'partially-settled') or exists (
      select from jsonb_array_elements(data -> 'settlements') s
      where (s ->> 'date')::date >= $7::date and s ->> 'reversedOn' is null))
  order by receivable_id
  limit $8
  for update`;

/** $1 source, $2 company, $3 branch or null for all */
export const COUNT_OWED = `
  select count(*)::int as titles from receivable
  where source = $1 and company = $2 and ($3::text is null or branch = $3) and status in ('open', 'partially-settled')`;
