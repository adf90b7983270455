/** `xmin` names the transaction that wrote the row: a version number alone could be one that was rolled back. */
const COLUMNS = `
  id, source, company, branch, name, display_name, enabled, settings, secrets, version, updated_at, updated_by,
  xmin::text as written_by,
  exists (select from system_parameter p
    where p.source = integration.source and p.name = integration.name and p.enabled) as parameter_on`;

/** $1 name */
export const READ_ALL = `
  select ${COLUMNS} from integration where name = $1 order by id`;

/** $1 name, $2 sources, $3 companies (of the same length) */
export const READ_FOR_COMPANIES = `
  select ${COLUMNS} from integration
  where name = $1 and (source, company) in (select * from unnest($2::text[], $3::text[]))
  order by id`;

/** $1 name, $2 source */
export const READ_FOR_SOURCE = `
  select ${COLUMNS} from integration where name = $1 and source = $2 order by id`;

/** $1 name, $2 id */
export const READ_BY_ID = `
  select ${COLUMNS} from integration where name = $1 and id = $2`;

/** $1 source, $2 company, $3 branch or null, $4 name. A first save and its twin meet in the unique key. */
export const CREATE_EMPTY = `
  insert into integration (source, company, branch, name, display_name, enabled, settings, secrets, version, updated_at, updated_by)
  values ($1, $2, $3, $4, '', false, '{}', '{}', 0, $5, $6)
  on conflict (source, company, branch, name) do nothing`;

/** $1 source, $2 company, $3 branch or null, $4 name */
export const READ_TO_CHANGE = `
  select ${COLUMNS} from integration
  where source = $1 and company = $2 and branch is not distinct from $3 and name = $4
  for no key update`;

/** $1 id, $2 display name, $3 enabled, $4 settings, $5 secrets, $6 at, $7 by */
export const CHANGE = `
  update integration
  set display_name = $2, enabled = $3, settings = $4, secrets = $5, version = version + 1, updated_at = $6, updated_by = $7
  where id = $1
  returning ${COLUMNS}`;

/** $1 integration, $2 version, $3 at, $4 by, $5 before, $6 after */
export const RECORD_CHANGE = `
  insert into setting_change (integration_id, version, changed_at, changed_by, before, after)
  values ($1, $2, $3, $4, $5, $6)`;

/** Newest first. $1 integration, $2 id of the last one seen or null, $3 limit */
export const READ_CHANGES = `
  select id, version, changed_at, changed_by, before, after from setting_change
  where integration_id = $1 and ($2::bigint is null or id < $2::bigint)
  order by id desc limit $3`;

/** $1 name, $2 after id, $3 sources or null for all, $4 limit */
export const READ_PAGE = `
  select ${COLUMNS} from integration
  where name = $1 and id > $2 and ($3::text[] is null or source || '|' || company = any($3))
  order by id
  limit $4`;

/** $1 name, $2 id of the last one seen, $3 limit */
export const READ_SECRETS = `
  select id, secrets from integration where name = $1 and id > $2 order by id limit $3 for no key update`;

/** The version stays: what is inside did not change. $1 id, $2 secrets */
export const REPLACE_SECRETS = `update integration set secrets = $2 where id = $1`;
