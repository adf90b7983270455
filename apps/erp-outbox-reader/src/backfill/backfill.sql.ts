export const CREATE_BACKFILL = `
  create table backfill (
    id           uuid primary key,
    source       text not null,
    company      text not null,
    aggregate    text not null,
    requested_by text not null,
    requested_at timestamptz(3) not null default clock_timestamp(),
    state        text not null check (state in ('requested', 'running', 'finished', 'failed', 'canceled', 'joined')),
    joined       uuid references backfill,
    last_id      text not null default '',
    rows         bigint not null default 0,
    skipped      bigint not null default 0,
    started_at   timestamptz(3),
    moved_at     timestamptz(3),
    finished_at  timestamptz(3),
    reason       text
  )`;

/** One walk at a time of the same things: two would only say the same twice. */
export const ONE_OPEN_BACKFILL = `
  create unique index backfill_open on backfill (source, company, aggregate) where state in ('requested', 'running')`;

export const INDEX_BACKFILLS = `create index backfill_newest on backfill (source, requested_at desc, id desc)`;

export const CREATE_BACKFILL_SKIPPED = `
  create table backfill_skipped (
    backfill uuid not null references backfill on delete cascade,
    id       text not null,
    reason   text not null,
    primary key (backfill, id)
  )`;

const COLUMNS = `
  b.id::text as id, b.source, b.company, b.aggregate, b.requested_by as "requestedBy", b.requested_at as "requestedAt",
  b.state, b.joined::text as joined, b.last_id as "lastId", b.rows::float8 as rows, b.skipped::float8 as skipped,
  b.started_at as "startedAt", b.moved_at as "movedAt", b.finished_at as "finishedAt", b.reason`;

/** $1 id, $2 source, $3 company, $4 aggregate, $5 who; nothing when the id is known or another one is open */
export const REQUEST = `
  insert into backfill as b (id, source, company, aggregate, requested_by, state)
  values ($1, $2, $3, $4, $5, 'requested')
  on conflict do nothing
  returning ${COLUMNS}`;

/** $1 source, $2 company, $3 aggregate */
export const READ_OPEN = `
  select ${COLUMNS} from backfill b
  where b.source = $1 and b.company = $2 and b.aggregate = $3 and b.state in ('requested', 'running')`;

/** $1 id, $2 source, $3 company, $4 aggregate, $5 who, $6 the one that is open */
export const JOIN = `
  insert into backfill as b (id, source, company, aggregate, requested_by, state, joined)
  values ($1, $2, $3, $4, $5, 'joined', $6)
  on conflict (id) do update set state = 'joined', joined = excluded.joined, reason = null where b.state = 'failed'
  returning ${COLUMNS}`;

/** $1 id; from the beginning, and with another start: what was published of it before is old */
export const REQUEST_AGAIN = `
  update backfill b
  set state = 'requested', last_id = '', rows = 0, skipped = 0, started_at = null, moved_at = null, finished_at = null,
    reason = null
  where b.id = $1 and b.state = 'failed'
  returning ${COLUMNS}`;

/** $1 id */
export const FORGET_SKIPPED = `delete from backfill_skipped where backfill = $1`;

/** $1 id, $2 source */
export const READ_ONE = `select ${COLUMNS} from backfill b where b.id = $1 and b.source = $2`;

/** $1 source; what has begun first, then by age */
export const READ_NEXT = `
  select ${COLUMNS} from backfill b
  where b.source = $1 and b.state in ('requested', 'running')
  order by b.state = 'running' desc, b.requested_at, b.id limit 1`;

/** $1 source, $2 companies or null for all, $3 and $4 the key of the last one seen or null, $5 limit */
export const LIST = `
  select ${COLUMNS} from backfill b
  where b.source = $1 and ($2::text[] is null or b.company = any($2))
    and ($3::timestamptz is null or (b.requested_at, b.id) < ($3::timestamptz, $4::uuid))
  order by b.requested_at desc, b.id desc limit $5`;

/** $1 id, $2 when */
export const START = `
  update backfill b set state = 'running', started_at = $2, moved_at = $2
  where b.id = $1 and b.state = 'requested'
  returning ${COLUMNS}`;

/**
 * $1 id, $2 start, $3 the last id known before, $4 the last id now, $5 snapshots, $6 rows skipped, $7 when,
 * $8 ids and $9 reasons of skipped rows worth keeping. Nothing comes back when it is not this walk's any more.
 */
export const ADVANCE = `
  with moved as (
    update backfill b
    set last_id = $4, rows = b.rows + $5, skipped = b.skipped + $6, moved_at = $7, reason = null
    where b.id = $1 and b.started_at = $2 and b.last_id = $3 and b.state = 'running' and b.finished_at is null
    returning b.*
  ), kept as (
    insert into backfill_skipped (backfill, id, reason)
    select moved.id, k.id, k.reason from moved, unnest($8::text[], $9::text[]) k (id, reason)
    on conflict do nothing
  )
  select ${COLUMNS} from moved b`;

/** $1 id, $2 start, $3 the last id known before, $4 when: what the finished event says, before it is said */
export const CLOSE = `
  update backfill b set finished_at = $4, moved_at = $4
  where b.id = $1 and b.started_at = $2 and b.last_id = $3 and b.state = 'running' and b.finished_at is null
  returning ${COLUMNS}`;

/** $1 id, $2 start */
export const FINISH = `
  update backfill b set state = 'finished', reason = null
  where b.id = $1 and b.started_at = $2 and b.state = 'running' and b.finished_at is not null
  returning ${COLUMNS}`;

/** $1 id, $2 why */
export const FAIL = `
  update backfill b set state = 'failed', reason = $2
  where b.id = $1 and b.state in ('requested', 'running') returning ${COLUMNS}`;

/** $1 id, $2 who */
export const CANCEL = `
  update backfill b set state = 'canceled', reason = $2
  where b.id = $1 and b.state in ('requested', 'running') returning ${COLUMNS}`;

/** $1 id, $2 what it waits for, or null */
export const NOTE = `
  update backfill set reason = $2 where id = $1 and state = 'running' and reason is distinct from $2`;

/** $1 id, $2 limit */
export const READ_SKIPPED = `select id, reason from backfill_skipped where backfill = $1 order by id limit $2`;

/** $1 source; a failure counts until a later walk of the same has finished */
export const COUNT_BACKFILLS = `
  select count(*) filter (where b.state = 'requested')::int as requested,
    count(*) filter (where b.state = 'running')::int as running,
    count(*) filter (where b.state = 'failed' and not exists (
      select from backfill n
      where n.source = b.source and n.company = b.company and n.aggregate = b.aggregate and n.state = 'finished'
        and n.requested_at >= b.requested_at))::int as failed,
    extract(epoch from max(b.finished_at) filter (where b.state = 'finished'))::float8 as "lastFinished"
  from backfill b where b.source = $1`;
