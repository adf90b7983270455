/** Whether a row `g` lies within the territories $1 sources, $2 companies, $3 branches (null: all of it); $1 null: anywhere. */
const WITHIN = `
  ($1::text[] is null or exists (
    select from unnest($1::text[], $2::text[], $3::text[]) as t(source, company, branch)
    where t.source = g.source and t.company = g.company and (t.branch is null or t.branch = g.branch)))`;

const COLUMNS = `g.id::text as id, g.name, g.source, g.company, g.branch, g.permissions, g.updated_at, g.updated_by`;

/** Within $1-$3; $4 after id, $5 limit, $6 name, $7 source, $8 company: null for any */
export const LIST_GROUPS = `
  select ${COLUMNS} from access_group g
  where ${WITHIN} and g.id > $4 and ($6::text is null or g.name = $6) and ($7::text is null or g.source = $7)
    and ($8::text is null or g.company = $8)
  order by g.id limit $5`;

/** $1 names */
export const GRANTS_OF_GROUPS = `
  select source, company, branch, permissions from access_group where name = any($1::text[])`;

/** The row as it was, locked; a new one holds nothing yet. $1 name, $2 source, $3 company, $4 branch, $5 at, $6 by */
export const LOCK_OR_CREATE_GROUP = `
  insert into access_group as g (name, source, company, branch, permissions, updated_at, updated_by)
  values ($1, $2, $3, $4, '{}', $5, $6)
  on conflict (name, source, company, branch) do update set name = g.name
  returning ${COLUMNS}`;

/** $1 id, $2 permissions, $3 at, $4 by */
export const CHANGE_GROUP = `
  update access_group g set permissions = $2, updated_at = $3, updated_by = $4 where g.id = $1 returning ${COLUMNS}`;

/** $1 id */
export const LOCK_GROUP = `select ${COLUMNS} from access_group g where g.id = $1 for update`;

/** $1 id */
export const DELETE_GROUP = `delete from access_group where id = $1`;

/** $1 name, $2 source, $3 company, $4 branch, $5 at, $6 by (id), $7 by (name), $8 before, $9 after: null where there is none */
export const RECORD_GROUP_CHANGE = `
  insert into access_group_change (name, source, company, branch, changed_at, changed_by, changed_by_name, before, after)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`;

/** Newest first. Within $1-$3; $4 id of the last one seen or null, $5 limit, $6 name or null */
export const LIST_GROUP_CHANGES = `
  select g.id::text as id, g.name, g.source, g.company, g.branch, g.changed_at, g.changed_by, g.changed_by_name, g.before, g.after
  from access_group_change g
  where ${WITHIN} and ($4::bigint is null or g.id < $4::bigint) and ($6::text is null or g.name = $6)
  order by g.id desc limit $5`;
