export const SELECT_LINKED_CUSTOMERS = `
  select customer_token as token from subject_link where document_token = $1`;

export const DELETE_PERSON_KEYS = `
  delete from data_key where kind in ('person', 'pseudonym') and token = any($1::bytea[]) returning id::text`;

/** Whether there is anybody in these companies of whom only a token is known. */
export const HAS_PSEUDONYMS = `
  select exists (
    select from data_key
     where kind = 'pseudonym' and (owner, company) in (select * from unnest($1::text[], $2::text[]))) as has`;

export const DELETE_TOKENS = `delete from search_token where key_id = any($1::bigint[])`;

export const DELETE_LINKS = `delete from subject_link where document_token = $1`;
