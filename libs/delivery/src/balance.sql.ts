import { digestOfIds, outcomeIdIn } from '#libs/contracts';

/** Whoever writes differences does so alone: two that close and open the same ones would wait for each other. */
export const LOCK_DIFFERENCES = `select pg_advisory_xact_lock(hashtext('ponte balance ' || current_schema()))`;

/** $1 patterns of the types that come in from now on, our own outcomes among them */
export const FORGET_PATTERNS = `delete from balance_pattern where pattern <> all($1::text[])`;
export const NOTE_PATTERNS = `
  insert into balance_pattern (pattern) select pattern from unnest($1::text[]) as n(pattern) on conflict do nothing`;

/** $1 hour */
export const PATTERNS_IN = `select pattern from balance_pattern where begins_at <= $1`;

/** $1 source, $2 company, $3 types, $4 hours, $5 counts, $6 digests: what the audit says it carried */
export const NOTE_CARRIED = `
  insert into balance_hour as b (source, company, type, hour, carried, carried_digest, told_at)
  select $1, $2, type, hour, count, digest, clock_timestamp()
  from unnest($3::text[], $4::timestamptz[], $5::int[], $6::text[]) as n(type, hour, count, digest)
  where exists (select from balance_pattern p where n.type like p.pattern and p.begins_at <= n.hour)
  on conflict (source, company, type, hour) do update
  set state = 'told', carried = excluded.carried, carried_digest = excluded.carried_digest, told_at = excluded.told_at
  where (b.carried, b.carried_digest) <> (excluded.carried, excluded.carried_digest)`;

/** $1 up to */
export const NOTE_TOLD = `
  update balance_round set told_up_to = greatest(told_up_to, $1::timestamptz), told_at = clock_timestamp()`;

/** $1 seconds: one replica compares, as long as its lease lasts */
export const TAKE_ROUND = `
  update balance_round set leased_until = clock_timestamp() + $1 * interval '1 second'
  where told_at > coalesce(checked_at, '-infinity') and coalesce(leased_until, '-infinity') < clock_timestamp()
  returning told_at::text as told_at, told_up_to, checked_up_to`;

/** The round is taken again at the next knock. */
export const LET_GO = `update balance_round set leased_until = null`;

/** $1 when what was compared had been told, $2 up to */
export const END_ROUND = `
  update balance_round set checked_at = $1::timestamptz, checked_up_to = greatest(checked_up_to, $2::timestamptz), leased_until = null`;

/** $1 compared up to, $2 told up to, $3 the oldest hour there is a memory of; the last hours are looked at again */
export const HOURS_TO_CHECK = `
  select distinct hour from (
    select hour from balance_hour where state <> 'even'
    union all
    select hour from balance_difference where even_at is null
    union all
    select generate_series(least($1::timestamptz, $2::timestamptz - interval '3 hours'), $2::timestamptz - interval '1 hour',
      interval '1 hour')) h
  where hour >= $3::timestamptz and hour >= (select min(begins_at) from balance_pattern)
  order by hour`;

const IN_HOUR = (column: string) => `${column} >= $1::timestamptz and ${column} < $1::timestamptz + interval '1 hour'`;
const OUTCOME_ID = outcomeIdIn('$2::text', 's.state', 's.position::text', 's.event_id::text');

/**
 * $1 hour, $2 connector, $3 patterns of types: what is here, beside what the audit carried; one
 * statement, so that what is under way is wholly in it or not at all. Outcomes that wait in the outbox count on no side.
 */
export const COMPARE_HOUR = `
  with had as (
    select source, company, type, count(*)::int as had, ${digestOfIds('event_id')} as digest
    from inbox
    where day = ($1::timestamptz at time zone 'UTC')::date and ${IN_HOUR('event_time')} and type like any($3::text[])
    group by source, company, type
    union all
    select source, company, type, count(*)::int, ${digestOfIds('id')}
    from (
      select s.source, s.company, $2::text || '.delivery.' || s.state || '.v1' as type, ${OUTCOME_ID} as id
      from delivery_settled s where ${IN_HOUR('s.settled_at')} offset 0) s
    where s.type like any($3) and not exists (select from outbox o where o.id = s.id)
    group by source, company, type)
  insert into balance_hour as b (source, company, type, hour, had, had_digest, state, checked_at)
  select source, company, type, $1, had, digest, 'asked', now() from had
  on conflict (source, company, type, hour) do update
  set had = excluded.had, had_digest = excluded.had_digest, checked_at = excluded.checked_at,
    state = case
      when (b.carried, b.carried_digest) = (excluded.had, excluded.had_digest) then 'even'
      when b.state = 'even' and (b.had, b.had_digest) = (excluded.had, excluded.had_digest) then 'even'
      else 'asked' end`;

/** $1 hour, after COMPARE_HOUR in its transaction: of what is not here at all */
export const COMPARE_ABSENT = `
  update balance_hour set had = 0, had_digest = repeat('0', 32), checked_at = now(),
    state = case when carried = 0 or (state = 'even' and had = 0) then 'even' else 'asked' end
  where hour = $1 and checked_at is distinct from now()`;

/** $1 hour: how deliveries ended in it, by the type of their event */
export const COUNT_ENDED = `
  insert into balance_hour as b (source, company, type, hour, state, delivered, refused, skipped, superseded)
  select source, company, coalesce(event_type, '-'), $1, 'even', count(*) filter (where state = 'delivered')::int,
    count(*) filter (where state = 'refused')::int, count(*) filter (where state = 'skipped')::int,
    count(*) filter (where state = 'superseded')::int
  from delivery_settled s
  where ${IN_HOUR('s.settled_at')}
  group by 1, 2, 3
  on conflict (source, company, type, hour) do update
  set delivered = excluded.delivered, refused = excluded.refused, skipped = excluded.skipped, superseded = excluded.superseded`;

/**
 * $1 hour, $2 patterns, $3 at the most: taken in, and nothing says what became of it. The look-ups are limited, so that they
 * go by their indexes whatever the planner believes of the tables.
 */
export const UNACCOUNTED = `
  with planned as materialized (
    select distinct unnest(event_ids) as event_id from delivery_planned),
  silent as materialized (
    select i.source, i.company, i.type, i.event_id from inbox i
    where i.day = ($1::timestamptz at time zone 'UTC')::date and ${IN_HOUR('i.event_time')} and i.type like any($2::text[])
      and i.reason_code is null and not exists (select from planned p where p.event_id = i.event_id))
  select source, company, type, event_id::text as id from silent s
  where (select true from delivery_settled d where d.event_id = s.event_id and d.source = s.source limit 1) is null
    and (select true from parked_event p where p.event_id = s.event_id::text and p.source = s.source limit 1) is null
  limit $3`;

/** As of now, for whoever asks between two balances. */
export const CLEAR_STANDING = `delete from balance_standing`;
export const COUNT_STANDING = `
  insert into balance_standing (source, company, type, pending, parked)
  select source, company, coalesce(event_type, '-'), count(*) filter (where state = 'pending')::int,
    count(*) filter (where state <> 'pending')::int
  from delivery group by 1, 2, 3`;

/** $1 how many */
export const ASKED_HOURS = `
  select source, company, type, hour from balance_hour where state = 'asked' order by source, company, hour, type limit $1`;

/** $1 after batch, $2 batches: positions that are neither open nor settled; what is settled is planned no more */
export const CHECK_PLANNED = `
  with batch as materialized (
    select id, positions, event_ids, integration_ids from delivery_planned where id > $1 order by id limit $2),
  looked as materialized (
    select b.id, p.position, p.event_id, p.integration_id, case
        when (select true from delivery d where d.position = p.position) then 'open'
        when (select true from delivery_settled s where s.position = p.position limit 1) then 'settled'
        else 'gone' end as state
    from batch b
    cross join lateral unnest(b.positions, b.event_ids, b.integration_ids) as p(position, event_id, integration_id)),
  still as (
    select id, array_agg(position) filter (where state = 'open') as positions,
      array_agg(event_id) filter (where state = 'open') as event_ids,
      array_agg(integration_id) filter (where state = 'open') as integration_ids
    from looked group by id),
  less as (
    update delivery_planned p set positions = s.positions, event_ids = s.event_ids, integration_ids = s.integration_ids
    from still s
    where p.id = s.id and s.positions is not null and cardinality(s.positions) < cardinality(p.positions)),
  through as (delete from delivery_planned p using still s where p.id = s.id and s.positions is null),
  gone as (
    select e.position, e.event_id, coalesce(i.source, split_part(o.owner_key, '|', 1)) as source,
      coalesce(i.company, split_part(o.owner_key, '|', 2)) as company, coalesce(i.type, '-') as type
    from looked e
    left join lateral (select source, company, type from inbox where event_id = e.event_id limit 1) i on true
    left join lateral (select owner_key from endpoint where integration_id = e.integration_id limit 1) o on true
    where e.state = 'gone')
  select (select max(id)::text from batch) as last, (
    select coalesce(jsonb_agg(jsonb_build_object('id', md5('position ' || position)::uuid, 'position', position::text,
      'eventId', event_id, 'source', source, 'company', company, 'type', type)), '[]') from gone) as gone`;

/** $1 kinds, $2 sources, $3 companies, $4 types, $5 hour: made where they are not open */
export const OPEN_DIFFERENCE = `
  insert into balance_difference (kind, source, company, type, hour) values ($1, $2, $3, $4, $5)
  on conflict (kind, source, company, type, hour) where even_at is null do update set kind = excluded.kind
  returning id::text as id`;

/** $1 difference, $2 ids, $3 positions, $4 event ids, $5 at the most; what a person accepted is not named again */
export const NAME_IDS = `
  insert into balance_difference_id (difference_id, id, position, event_id)
  select $1, n.id, n.position, n.event_id
  from unnest($2::uuid[], $3::bigint[], $4::uuid[]) as n(id, position, event_id)
  where not exists (
    select from balance_difference_id x join balance_difference d on d.id = x.difference_id
    where x.id = n.id and d.accepted_by is not null)
  limit greatest(0, $5 - (select count(*) from balance_difference_id where difference_id = $1))
  on conflict do nothing`;

/** $1 kind, $2 source, $3 company, $4 type, $5 hour, $6 above, $7 up to: what was named is looked at anew */
export const UNNAME_IDS = `
  delete from balance_difference_id i using balance_difference d
  where d.id = i.difference_id and d.even_at is null and d.kind = $1 and d.source = $2 and d.company = $3 and d.type = $4
    and d.hour = $5 and i.id > $6::uuid and i.id <= $7::uuid`;

/** $1 kind, $2 hour: as UNNAME_IDS, of all companies and types */
export const UNNAME_HOUR = `
  delete from balance_difference_id i using balance_difference d
  where d.id = i.difference_id and d.even_at is null and d.kind = $1 and d.hour = $2`;

/** What has come in since, by a second way or a second look. */
export const UNNAME_ARRIVED = `
  delete from balance_difference_id i using balance_difference d
  where d.id = i.difference_id and d.even_at is null and (
    d.kind = 'missing' and (
      (select true from inbox x where x.event_id = i.id and x.source = d.source limit 1)
      or (select true from parked_event p where p.event_id = i.id::text and p.source = d.source limit 1))
    or d.kind = 'delivery-missing' and (
      (select true from delivery x where x.position = i.position)
      or (select true from delivery_settled s where s.position = i.position limit 1)))`;

/** Those without an id are even; the others know how many they were at the most. */
export const CLOSE_EVEN = `
  update balance_difference set even_at = clock_timestamp()
  where even_at is null and not exists (select from balance_difference_id i where i.difference_id = balance_difference.id)`;
export const COUNT_MOST = `
  update balance_difference d set most = n.count
  from (
    select i.difference_id, count(*)::int as count
    from balance_difference_id i join balance_difference o on o.id = i.difference_id
    where o.even_at is null group by 1) n
  where n.difference_id = d.id and d.most < n.count`;

/** $1 source, $2 company, $3 type, $4 hour: whether the list of it was asked for */
export const LOCK_ASKED = `
  select state from balance_hour where source = $1 and company = $2 and type = $3 and hour = $4 and state = 'asked' for update`;

/** $1 ids, $2 source, $3 day: neither taken in nor parked */
export const NOT_TAKEN_IN = `
  select n.id::text as id from unnest($1::uuid[]) as n(id)
  where (select true from inbox i where i.event_id = n.id and i.source = $2 and i.day = $3::date) is null
    and (select true from inbox i where i.event_id = n.id and i.source = $2 limit 1) is null
    and (select true from parked_event p where p.event_id = n.id::text and p.source = $2 limit 1) is null`;

/** $1 hour, $2 source, $3 company, $4 type, $5 above, $6 up to, $7 ids of the audit */
export const NOT_CARRIED = `
  select i.event_id::text as id from inbox i
  where i.day = ($1::timestamptz at time zone 'UTC')::date and ${IN_HOUR('i.event_time')} and i.source = $2 and i.company = $3
    and i.type = $4 and i.event_id > $5::uuid and i.event_id <= $6::uuid and i.event_id <> all($7::uuid[])
  limit 10001`;

/** $1 hour, $2 connector, $3 source, $4 company, $5 state: outcomes the ledger must have told */
const OUTCOMES_DUE = `
  select ${OUTCOME_ID} as id, s.position, s.event_id from delivery_settled s
  where ${IN_HOUR('s.settled_at')} and s.source = $3 and s.company = $4 and s.state = $5
  offset 0`;

/** $6 above, $7 up to, $8 ids of the audit: settled, and no outcome heard of, nor one that waits */
export const OUTCOMES_UNHEARD = `
  select d.id::text as id, d.position::text as position, d.event_id::text as event_id
  from (${OUTCOMES_DUE}) d
  where d.id > $6::uuid and d.id <= $7::uuid and d.id <> all($8::uuid[])
    and not exists (select from outbox o where o.id = d.id)
  limit 10001`;

/** $6 ids of the audit: heard of, and no delivery ended so */
export const OUTCOMES_UNKNOWN = `
  select n.id::text as id from unnest($6::uuid[]) as n(id)
  where not exists (select from (${OUTCOMES_DUE}) d where d.id = n.id)`;

/** $1 source, $2 company, $3 type, $4 hour: its list was gone through */
export const END_LIST = `
  update balance_hour b set state = case when exists (
      select from balance_difference d
      where d.even_at is null and d.source = $1 and d.company = $2 and d.type = $3 and d.hour = $4
        and d.kind in ('missing', 'extra', 'outcome-missing', 'outcome-extra')) then 'differs' else 'even' end
  where source = $1 and company = $2 and type = $3 and hour = $4`;

/** $1 difference, $2 ids, $3 why: what the audit cannot publish again */
export const NOTE_REFUSED = `
  update balance_difference_id i set refused = n.reason
  from unnest($2::uuid[], $3::text[]) as n(id, reason)
  where i.difference_id = $1 and i.id = n.id`;

/** $1 before this hour: what nobody asks for any more */
export const FORGET_HOURS = `delete from balance_hour where hour < $1`;
export const FORGET_DIFFERENCES = `delete from balance_difference where even_at is not null and hour < $1`;
