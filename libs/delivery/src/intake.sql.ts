import { prepared } from '#libs/runtime';

/** $1 queue: a new owner of the queue; what the old one still has open can no longer commit */
export const TAKE_EPOCH = `
  insert into intake as i (queue, epoch) values ($1, 1)
  on conflict (queue) do update set epoch = i.epoch + 1
  returning epoch::text as epoch`;

/** $1 queue */
export const LOCK_EPOCH = prepared(`select queue, epoch::text as epoch from intake where queue = $1 for update`);

/** Whoever changes what intake would plan locks every queue's row, in order, and leaves the epochs as they are. */
export const LOCK_ALL_EPOCHS = `select queue, epoch::text as epoch from intake order by queue for update`;

/** $1 sources, $2 ids, $3 days, $4 hashes, $5 companies, $6 types, $7 subjects, $8 times; answers those that are new */
export const INSERT_INBOX = prepared(`
  insert into inbox (source, event_id, day, hash, company, type, subject, event_time)
  select source, event_id, day, hash, company, type, subject, event_time
  from unnest($1::text[], $2::uuid[], $3::date[], $4::bytea[], $5::text[], $6::text[], $7::text[], $8::timestamptz[])
    as n(source, event_id, day, hash, company, type, subject, event_time)
  on conflict do nothing
  returning source, event_id, day::text as day`);

/** $1 sources, $2 ids, $3 days */
export const HASHES_OF = `
  select i.source, i.event_id, i.day::text as day, i.hash
  from inbox i
  join unnest($1::text[], $2::uuid[], $3::date[]) as k(source, event_id, day)
    on k.source = i.source and k.event_id = i.event_id and k.day = i.day
  where i.event_id = any($2) and i.day = any($3)`;

/** $1 sources, $2 ids, $3 days, $4 codes, $5 reasons: why nothing was planned */
export const EXPLAIN_INBOX = `
  update inbox i set reason_code = v.code, reason = v.reason
  from unnest($1::text[], $2::uuid[], $3::date[], $4::text[], $5::text[]) as v(source, event_id, day, code, reason)
  where i.source = v.source and i.event_id = v.event_id and i.day = v.day
    and i.event_id = any($2) and i.day = any($3)`;

/** $1 sources, $2 companies, $3 keys: which are held, and for which integration alone; planned each time, with the index of keys */
export const HOLDS_ON = `
  select distinct k.source, k.company, k.key, p.integration_id::text as integration_id
  from unnest($1::text[], $2::text[], $3::text[]) as k(source, company, key)
  cross join lateral (
    select integration_id
    from parked_event
    where source = k.source and company = k.company and key = k.key and resolved_at is null and holds
    offset 0) p`;

export const INSERT_PARKED = `
  insert into parked_event (state, source, company, key, event_id, type, subject, integration_id, holds, reason_code, reason,
    queue, hash, content, properties, branch)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
  on conflict do nothing
  returning id::text as id`;

const LOCKED = `
  id::text as id, state, source, company, branch, key, event_id, type, subject, integration_id::text as integration_id, holds,
  queue, reason_code, content, properties, resolved_at`;

/** $1 id */
export const LOCK_PARKED = `select ${LOCKED} from parked_event where id = $1 for update`;

/** $1 source, $2 company, $3 key: everything that holds the key, in the order it came */
export const LOCK_KEY = `
  select ${LOCKED}
  from parked_event
  where source = $1 and company = $2 and key = $3 and resolved_at is null and holds
  order by parked_event.id
  for update`;

/** $1 id, $2 state, $3 by whom, $4 why, $5 the bytes a person put in its place, or null */
export const RESOLVE_PARKED = `
  update parked_event
  set state = $2, resolved_at = clock_timestamp(), resolved_by = $3, resolution = $4, fixed_content = $5, holds = false
  where id = $1`;

/** $1 ids, $2 by whom, $3 why: what waited in line */
export const RESOLVE_WAITING = `
  update parked_event
  set state = 'planned', resolved_at = clock_timestamp(), resolved_by = $2, resolution = $3, holds = false
  where id = any($1::bigint[])`;

/** $1 id, $2 code, $3 reason: it waited in line and cannot be planned now that its turn has come */
export const PARK_WAITING = `
  update parked_event set state = 'parked', reason_code = $2, reason = $3 where id = $1`;

export const KEEP_SO_FAR = `savepoint so_far`;
export const BACK_TO_SO_FAR = `rollback to savepoint so_far`;

/** $1 types this process knows, $2 after id: keys held by them */
export const KNOWN_AT_LAST = `
  select id::text as id from parked_event
  where resolved_at is null and state = 'unknown-type' and type = any($1::text[]) and id > $2
  order by parked_event.id
  limit 1000`;

export const COUNT_PARKED = `
  select count(*) filter (where state <> 'waiting')::int as parked, count(*) filter (where state = 'waiting')::int as waiting,
    min(received_at) filter (where state <> 'waiting') as oldest
  from parked_event where resolved_at is null`;
