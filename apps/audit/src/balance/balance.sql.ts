import { digestOfIds } from '#libs/contracts';

/**
 * What is balanced: events of an ERP, and how deliveries ended. What the balance itself says is neither, so that it is
 * never about itself.
 */
export const BALANCED = String.raw`time is not null
  and (source like '/erp/%' or (source like '/ponte/%' and type ~ '\.delivery\.(delivered|refused|skipped|superseded)\.v1$'))`;

/** $1 seconds: one replica at a time, as long as its lease lasts */
export const TAKE_BALANCE = `
  update balance set leased_until = clock_timestamp() + $1 * interval '1 second'
  where coalesce(leased_until, '-infinity') < clock_timestamp()
  returning round, marker_id as "markerId", marked_at as "markedAt", up_to as "upTo", told_up_to as "toldUpTo"`;

export const LET_GO = `update balance set leased_until = null`;

/** $1 round, $2 marker, $3 up to: only where none is under way */
export const BEGIN_ROUND = `
  update balance set round = $1, marker_id = $2, up_to = $3, marked_at = null where round is null returning id`;

export const NOTE_MARKED = `update balance set marked_at = clock_timestamp()`;

export const SELECT_MARKER = `select id::text from entry where event_id = $1 limit 1`;

export const SELECT_LAST_ID = `select coalesce(max(id), 0)::text as id from entry`;

/** $1 up to this id, $2 entries at once */
export const NEXT_STEP = `
  select max(id)::text as "lastId" from (
    select id from entry
    where id > (select summed_up_to from balance) and id <= $1 order by entry.id limit $2) e`;

/** $1 up to this id, $2 not before, $3 not after: hours of which something is new */
export const NOTE_CHANGED = `
  insert into balance_hour as b (owner, company, type, hour)
  select distinct owner, company, type, date_trunc('hour', time, 'UTC') from entry
  where id > (select summed_up_to from balance) and id <= $1 and ${BALANCED} and time >= $2 and time < $3
  on conflict (owner, company, type, hour) do update set changes = b.changes + 1`;

/** $1 up to this id */
export const NOTE_SUMMED = `update balance set summed_up_to = $1`;

/** $1 hours that end by then, $2 hours at once; counted where they lie, each id once */
export const DUE_HOURS = `
  select h.owner, h.company, h.type, h.hour, h.changes, c.count, c.digest
  from (
    select owner, company, type, hour, changes from balance_hour
    where changes > told_changes and hour <= $1::timestamptz - interval '1 hour'
    order by owner, company, hour, type limit $2) h
  cross join lateral (
    select count(*)::int as count, ${digestOfIds('ids.event_id')} as digest
    from (
      select distinct event_id from entry e
      where owner = h.owner and company = h.company and type = h.type and time >= h.hour
        and time < h.hour + interval '1 hour' and ${BALANCED}
      offset 0) ids) c
  order by h.owner, h.company, h.hour, h.type`;

/** $1 owners, $2 companies, $3 types, $4 hours, $5 changes that were told, $6 counts */
export const NOTE_TOLD = `
  update balance_hour b set told_changes = n.changes, carried = n.count, told_at = clock_timestamp(), differed_by = '{}'
  from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::int[], $6::int[])
    as n(owner, company, type, hour, changes, count)
  where b.owner = n.owner and b.company = n.company and b.type = n.type and b.hour = n.hour`;

/** $1 hours before: nobody compares them any more */
export const FORGET_HOURS = `delete from balance_hour where hour < $1`;

export const END_ROUND = `
  update balance set told_up_to = greatest(told_up_to, up_to), told_at = clock_timestamp(), round = null, marker_id = null`;

/** $1 id, $2 kind, $3 connector, $4 company, $5 data */
export const NOTE_ASK = `
  insert into balance_ask (id, kind, connector, company, data) values ($1, $2, $3, $4, $5) on conflict do nothing`;

/** $1 seconds after which another replica takes over */
export const TAKE_ASK = `
  update balance_ask set taken_at = clock_timestamp()
  where id = (
    select id from balance_ask
    where coalesce(taken_at, '-infinity') < clock_timestamp() - $1 * interval '1 second'
    order by asked_at limit 1 for update skip locked)
  returning id, kind, connector, company, data`;

/** $1 id */
export const END_ASK = `delete from balance_ask where id = $1`;

/** $1 owner, $2 company, $3 type, $4 hour, $5 connector */
export const NOTE_DIFFERED = `
  update balance_hour set differed_by = array(select distinct unnest(differed_by || $5::text) order by 1)
  where owner = $1 and company = $2 and type = $3 and hour = $4`;

/** $1 owner, $2 company, $3 type, $4 hour, $5 above, $6 limit */
export const LIST_IDS = `
  select distinct event_id::text as id from entry
  where owner = $1 and company = $2 and type = $3 and time >= $4::timestamptz and time < $4::timestamptz + interval '1 hour'
    and ${BALANCED} and event_id > $5::uuid
  order by 1 limit $6`;

/** $1 owner, $2 company, $3 ids: the first of each, in the order they were recorded, with its key where that is there */
export const EVENTS_TO_EMIT = `
  select e.id, e.event_id as "eventId", e.type, e.ciphertext, k.token, k.master_key as "masterKey", k.wrapped
  from (
    select distinct on (event_id) id::text as id, id as at, event_id, type, ciphertext, key_id from entry
    where event_id = any($3::uuid[]) and owner = $1 and company = $2 and source = $1
    order by event_id, entry.id) e
  left join data_key k on k.id = e.key_id
  order by e.at`;

/** $1 to $2 the companies that may be seen, $3 type or null, $4 from, $5 until, $6 after owner, $7 company, $8 type, $9 limit */
export const SUM_HOURS = `
  select b.owner, b.company, b.type, sum(b.carried)::int as carried, max(b.told_at) as "toldAt",
    array(select distinct d from balance_hour x cross join unnest(x.differed_by) d
      where x.owner = b.owner and x.company = b.company and x.type = b.type and x.hour >= $4 and x.hour < $5
      order by d) as "differedBy"
  from balance_hour b
  join unnest($1::text[], $2::text[]) as scope(owner, company) on scope.owner = b.owner and scope.company = b.company
  where ($3::text is null or b.type = $3) and b.hour >= $4 and b.hour < $5
    and ($6::text is null or (b.owner, b.company, b.type) > ($6, $7, $8))
  group by b.owner, b.company, b.type
  order by b.owner, b.company, b.type
  limit $9`;

export const SELECT_AGE = `
  select extract(epoch from clock_timestamp() - coalesce(told_at, created_at))::float8 as "ageSeconds" from balance`;
