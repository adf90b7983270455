export const SELECT_LINKED_CUSTOMERS = `
  select customer_token as token from subject_link where document_token = $1`;

export const DELETE_PERSON_KEYS = `
  delete from data_key where kind = 'person' and token = any($1::bytea[]) returning id::text`;

export const DELETE_TOKENS = `delete from search_token where key_id = any($1::bigint[])`;

export const DELETE_LINKS = `delete from subject_link where document_token = $1`;
