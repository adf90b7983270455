import { prepared } from '#libs/runtime';

export const INSERT_INDEX_KEY = `
  insert into index_key (id, master_key, wrapped) values (1, $1, $2) on conflict do nothing`;

export const SELECT_INDEX_KEY = `select master_key as "masterKey", wrapped from index_key`;

export const UPDATE_INDEX_KEY = `update index_key set master_key = $1, wrapped = $2`;

export const SELECT_KEYS = prepared(`
  select id::text, token, master_key as "masterKey", wrapped
    from data_key
   where token = any($1::bytea[])`);

export const INSERT_KEYS = `
  insert into data_key (kind, owner, company, token, master_key, wrapped, expires_at)
  select kind, owner, company, token, $5, wrapped, expires_at
    from unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $6::bytea[], $7::timestamptz[])
      as holder (kind, owner, company, token, wrapped, expires_at)
  on conflict do nothing`;

/** A skip scan: there are as many answers as master keys, however many keys are stored. */
export const SELECT_MASTER_KEYS = `
  with recursive used as (
    (select master_key from data_key order by master_key limit 1)
    union all
    select (select k.master_key from data_key k where k.master_key > used.master_key order by k.master_key limit 1)
      from used
     where used.master_key is not null
  )
  select master_key as "masterKey" from used where master_key is not null`;

export const SELECT_KEYS_UNDER = `
  select id::text, token, master_key as "masterKey", wrapped
    from data_key
   where master_key = $1
   limit $2
   for update skip locked`;

export const UPDATE_WRAPPED_KEYS = `
  update data_key k
     set master_key = $2, wrapped = fresh.wrapped
    from unnest($1::bigint[], $3::bytea[]) as fresh (id, wrapped)
   where k.id = fresh.id`;

export const DELETE_EXPIRED_KEYS = `delete from data_key where expires_at <= $1`;
