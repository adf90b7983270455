/** Asked before the writers' rows are taken: every id up to here is then decided once they are. */
export const SELECT_LAST_ID = `select coalesce(max(id), 0)::text as id from entry`;

/** One replica seals at a time; the others find nothing to do. */
export const TAKE_SEALING = `
  select sealed_up_to::text as "sealedUpTo" from sealing for update skip locked`;

export const SELECT_UNSEALED = `
  select id::text, owner, company, digest from entry where id > $1 and id <= $2 order by entry.id limit $3`;

export const SELECT_HEADS = `
  select h.owner, h.company, s.number::text, s.last_id::text as "lastId", s.hash, s.sealed_at as "sealedAt"
    from unnest($1::text[], $2::text[]) as h (owner, company)
    cross join lateral (
      select number, last_id, hash, sealed_at from seal
       where owner = h.owner and company = h.company
       order by number desc limit 1
    ) s`;

export const INSERT_SEAL = `
  insert into seal (owner, company, number, first_id, last_id, entries, members, previous_hash, hash, sealed_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`;

export const UPDATE_SEALING = `update sealing set sealed_up_to = $1`;

export const SELECT_OLDEST_UNSEALED = `
  select received_at as "receivedAt"
    from entry
   where id > (select sealed_up_to from sealing)
   order by entry.id
   limit 1`;

/** Companies whose chain grew since. */
export const SELECT_HEADS_SINCE = `
  select h.owner, h.company, s.number::text, s.last_id::text as "lastId", s.hash, s.sealed_at as "sealedAt"
    from known_company h
    cross join lateral (
      select number, last_id, hash, sealed_at from seal
       where owner = h.owner and company = h.company
       order by number desc limit 1
    ) s
   where s.sealed_at > $1`;

export const SELECT_SEALS = `
  select number::text, first_id::text as "firstId", last_id::text as "lastId", entries, members,
         previous_hash as "previousHash", hash, sealed_at as "sealedAt"
    from seal
   where owner = $1 and company = $2 and number >= $3
   order by seal.number
   limit $4`;

/** The ciphertext is hashed where it lies. */
export const SELECT_CLEAR_COLUMNS = `
  select id::text, received_at as "receivedAt", source, owner, company, branch, event_id as "eventId",
         cause_id as "causeId", day::text, type, time, actor, trace_id as "traceId", sequence::text, reading,
         key_id::text as "keyId", sha256(ciphertext) as "ciphertextHash", digest
    from entry
   where owner = $1 and company = $2 and id > $3 and id <= $4
   order by entry.id, received_at
   limit $5`;

export const COUNT_UNSEALED = `
  select count(*)::int as count from entry where owner = $1 and company = $2 and id > $3`;
