export const SELECT_COMPANIES = `
  select owner, company from known_company
   where ($1::text is null or owner = $1) and ($2::text is null or company = $2)
   order by owner, company
   limit $3`;

const COLUMNS = `
  e.id::text, e.received_at as "receivedAt", e.source, e.owner, e.company, e.branch, e.event_id as "eventId",
  e.cause_id as "causeId", e.type, e.time, e.actor, e.trace_id as "traceId", e.sequence::text, e.reading,
  e.ciphertext, k.token, k.master_key as "masterKey", k.wrapped`;

/** Parameters 1 to 3 are the scopes, 4 the cursor, 5 the limit, 6 to 9 what both ways of searching filter by. */
const FILTERS = `
        and ($6::text is null or e.actor = $6)
        and ($7::text is null or e.type like $7)
        and ($8::timestamptz is null or (e.time >= $8 and e.received_at >= $8::timestamptz - interval '2 days'))
        and ($9::timestamptz is null or e.time < $9)`;

const after = (order: Order) => `($4::bigint is null or e.id ${order === 'newest' ? '<' : '>'} $4)`;
const sorted = (order: Order) => `e.id ${order === 'newest' ? 'desc' : 'asc'}`;

export type Order = 'newest' | 'oldest';

/** Company by company along its index, so that a page costs a page however much is recorded. */
const list = (order: Order) => `
  select ${COLUMNS}
    from unnest($1::text[], $2::text[], $3::text[]) as scope (owner, company, branch)
    cross join lateral (
      select * from entry e
       where e.owner = scope.owner and e.company = scope.company
         and (scope.branch is null or e.branch = scope.branch)
         and ${after(order)}
         ${FILTERS}
       order by ${sorted(order)}
       limit $5
    ) e
    left join data_key k on k.id = e.key_id
   order by ${sorted(order)}
   limit $5`;

/** What a narrow key finds (words, event, trace), kept to the scopes. */
const find = (order: Order) => `
  select ${COLUMNS}
    from entry e
    left join data_key k on k.id = e.key_id
   where exists (
           select from unnest($1::text[], $2::text[], $3::text[]) as scope (owner, company, branch)
            where scope.owner = e.owner and scope.company = e.company
              and (scope.branch is null or scope.branch = e.branch))
     and ${after(order)}
     ${FILTERS}
     and ($10::uuid is null or e.event_id = $10)
     and ($11::text is null or e.trace_id = $11)
     and ($12::bytea[] is null or (e.id, e.received_at) in (
           select entry_id, received_at from search_token
            where token = any($12) and ($4::bigint is null or entry_id ${order === 'newest' ? '<' : '>'} $4)
            group by entry_id, received_at
           having count(*) = $13::int
            order by entry_id ${order === 'newest' ? 'desc' : 'asc'}))
   order by ${sorted(order)}
   limit $5`;

export const LIST_ENTRIES: Readonly<Record<Order, string>> = { newest: list('newest'), oldest: list('oldest') };
export const FIND_ENTRIES: Readonly<Record<Order, string>> = { newest: find('newest'), oldest: find('oldest') };

export const SELECT_ENTRY = `
  select ${COLUMNS}
    from entry e
    left join data_key k on k.id = e.key_id
   where e.id = $1`;

/** The event and what came of it. */
export const SELECT_TIMELINE = `
  select ${COLUMNS}
    from entry e
    left join data_key k on k.id = e.key_id
   where (e.event_id = $4 or e.cause_id = $4)
     and exists (
           select from unnest($1::text[], $2::text[], $3::text[]) as scope (owner, company, branch)
            where scope.owner = e.owner and scope.company = e.company
              and (scope.branch is null or scope.branch = e.branch))
   order by e.id
   limit $5`;
