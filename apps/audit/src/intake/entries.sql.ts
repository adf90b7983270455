import { prepared } from '#libs/runtime';

/** `from` and `to` are the first instants of two months, UTC. */
export function createMonth(from: Date, to: Date): string {
  const name = `entry_${from.toISOString().slice(0, 7).replace('-', '_')}`;
  return `
    create table if not exists ${name} partition of entry
       for values from ('${from.toISOString()}') to ('${to.toISOString()}')`;
}

/** @returns the places (from 1) of what had not been seen */
export const INSERT_SEEN = prepared(`
  with arrived as (
    select * from unnest($1::date[], $2::text[], $3::uuid[], $4::bytea[])
      with ordinality as arrived (day, source, event_id, fingerprint, place)
  ), fresh as (
    insert into seen (day, source, event_id, fingerprint)
    select day, source, event_id, fingerprint from arrived order by day, source, event_id, fingerprint
    on conflict do nothing
    returning day, source, event_id, fingerprint
  )
  select arrived.place::int from arrived join fresh using (day, source, event_id, fingerprint)`);

export const INSERT_COMPANIES = `
  insert into known_company (owner, company)
  select owner, company from unnest($1::text[], $2::text[]) as heard (owner, company) order by owner, company
  on conflict do nothing`;

export const NEXT_IDS = prepared(`select nextval('entry_id')::text as id from generate_series(1, $1::int)`);

export const INSERT_ENTRIES = prepared(`
  insert into entry (id, received_at, source, owner, company, branch, event_id, cause_id, day, type, time, actor,
                     trace_id, sequence, reading, key_id, ciphertext, digest)
  select id, $2, source, owner, company, branch, event_id, cause_id, day, type, time, actor,
         trace_id, sequence, reading, key_id, substring($16::bytea from start_at for size), digest
    from unnest($1::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::uuid[], $9::date[],
                $10::text[], $11::timestamptz[], $12::text[], $13::text[], $14::bigint[], $15::text[],
                $17::bigint[], $18::int[], $19::int[], $20::bytea[])
      as fresh (id, source, owner, company, branch, event_id, cause_id, day, type, time, actor, trace_id, sequence,
                reading, key_id, start_at, size, digest)`);

export const INSERT_TOKENS = prepared(`
  insert into search_token (token, entry_id, received_at, key_id)
  select substring($1::bytea from (place::int - 1) * 16 + 1 for 16), entry_id, $2, key_id
    from unnest($3::bigint[], $4::bigint[]) with ordinality as word (entry_id, key_id, place)
  on conflict do nothing`);

export const INSERT_LINKS = prepared(`
  insert into subject_link (document_token, customer_token)
  select document_token, customer_token from unnest($1::bytea[], $2::bytea[]) as link (document_token, customer_token)
   order by document_token, customer_token
  on conflict do nothing`);
