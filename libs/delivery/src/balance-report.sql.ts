/** $1: `source|company` of what the caller may see, or null for all. */
const SEEN = `($1::text[] is null or source || '|' || company = any($1))`;

/** $2 source, $3 company, $4 type, each or null; $5 from, $6 until; $7 after, $8 limit */
export const SUM_HOURS = `
  with summed as (
    select source, company, type, sum(carried)::int as carried, sum(had)::int as taken_in, sum(delivered)::int as delivered,
      sum(refused)::int as refused, sum(skipped)::int as skipped, sum(superseded)::int as superseded, max(checked_at) as checked_at
    from balance_hour
    where ${SEEN} and ($2::text is null or source = $2) and ($3::text is null or company = $3)
      and ($4::text is null or type = $4) and hour >= $5 and hour < $6
    group by source, company, type),
  standing as (
    select source, company, type, pending, parked from balance_standing
    where ${SEEN} and ($2::text is null or source = $2) and ($3::text is null or company = $3)
      and ($4::text is null or type = $4))
  select source, company, type, coalesce(carried, 0) as carried, coalesce(taken_in, 0) as "takenIn",
    coalesce(delivered, 0) as delivered, coalesce(refused, 0) as refused, coalesce(skipped, 0) as skipped,
    coalesce(superseded, 0) as superseded, coalesce(pending, 0) as open, coalesce(parked, 0) as parked,
    coalesce(delivered, 0) + coalesce(refused, 0) + coalesce(skipped, 0) + coalesce(superseded, 0) + coalesce(pending, 0)
      + coalesce(parked, 0) as planned,
    (select count(*)::int from balance_difference d join balance_difference_id i on i.difference_id = d.id
      where d.even_at is null and d.source = r.source and d.company = r.company and d.type = r.type) as differing,
    checked_at as "comparedAt"
  from summed full join standing r using (source, company, type)
  where $7::text is null or (source, company, type) > ($7, $9, $10)
  order by source, company, type limit $8`;

const DIFFERENCE = `
  d.id::text as id, d.kind, d.source, d.company, d.type, d.hour, d.found_at as "foundAt", d.even_at as "evenAt", d.most,
  d.re_emit_asked_at as "reEmitAskedAt", d.re_emit_asked_by as "reEmitAskedBy", d.accepted_by as "acceptedBy",
  d.accepted_reason as "acceptedReason",
  (select count(*)::int from balance_difference_id i where i.difference_id = d.id) as count`;

/** $2 source, $3 company, each or null, $4 with those that are even, $5 before id, $6 limit */
export const LIST_DIFFERENCES = `
  select ${DIFFERENCE} from balance_difference d
  where ${SEEN} and ($2::text is null or source = $2) and ($3::text is null or company = $3) and ($4 or d.even_at is null)
    and ($5::bigint is null or d.id < $5)
  order by d.id desc limit $6`;

/** $1 id */
export const READ_DIFFERENCE = `select ${DIFFERENCE} from balance_difference d where d.id = $1`;

/** $1 difference, $2 after, $3 limit */
export const IDS_OF = `
  select id::text as id, position::text as position, event_id::text as "eventId", refused
  from balance_difference_id where difference_id = $1 and id > $2::uuid order by balance_difference_id.id limit $3`;

/** $1 difference, $2 by whom */
export const NOTE_RE_EMIT = `
  update balance_difference set re_emit_asked_at = clock_timestamp(), re_emit_asked_by = $2 where id = $1`;

/** $1 difference, $2 by whom, $3 why: it stands as it is, and its hour counts as even until something changes */
export const ACCEPT = `
  update balance_difference set even_at = clock_timestamp(), accepted_by = $2, accepted_reason = $3
  where id = $1 and even_at is null
  returning id`;
export const ACCEPT_HOUR = `
  update balance_hour b set state = 'even'
  from balance_difference a
  where a.id = $1 and b.source = a.source and b.company = a.company and b.type = a.type and b.hour = a.hour
    and b.state = 'differs'
    and not exists (
      select from balance_difference d
      where d.even_at is null and d.source = a.source and d.company = a.company and d.type = a.type and d.hour = a.hour)`;

export const COUNT_OPEN = `
  select d.kind, count(*)::int as ids
  from balance_difference d join balance_difference_id i on i.difference_id = d.id
  where d.even_at is null group by d.kind`;

export const LAST_BALANCE = `
  select told_up_to as "toldUpTo", checked_at as "comparedAt",
    greatest(0, extract(epoch from clock_timestamp() - coalesce(checked_at, created_at)))::float8 as "ageSeconds"
  from balance_round`;
