/** $1 table as quoted text; absent when there is none the role can see. */
export const FIND_TABLE = `
  select to_regclass($1)::oid::int8::text as id, current_user as "user", current_database() as database,
    (select rolsuper from pg_roles where rolname = current_user) as "isSuperuser"`;

/** $1 table id; columns with what the role may do with each, and whether a row can be added without naming it */
export const LIST_COLUMNS = `
  select a.attname as name, t.typname as type,
    a.attnotnull and not a.atthasdef and a.attidentity = '' as "mustBeGiven",
    has_column_privilege(a.attrelid, a.attnum, 'insert') as "mayInsert",
    has_column_privilege(a.attrelid, a.attnum, 'select') as "maySelect",
    has_column_privilege(a.attrelid, a.attnum, 'update') as "mayUpdate"
  from pg_attribute a join pg_type t on t.oid = a.atttypid
  where a.attrelid = $1::oid and a.attnum > 0 and not a.attisdropped
  order by a.attnum`;

/** $1 table id; whether the id alone tells rows apart, and how far rights on the whole table reach */
export const DESCRIBE_TABLE = `
  select
    exists (
      select from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
      where i.indrelid = $1::oid and i.indisunique and i.indnkeyatts = 1 and i.indpred is null and i.indisvalid
        and a.attname = 'id'
    ) as "idIsUnique",
    has_table_privilege($1::oid, 'delete') as "mayDelete",
    has_table_privilege($1::oid, 'truncate') as "mayTruncate"`;

/** $1 table id; other tables of the ERP the role may touch, a few of them */
export const OTHER_TABLES = `
  select n.nspname || '.' || c.relname as name
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f') and c.oid <> $1::oid
    and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg\\_%'
    and has_schema_privilege(n.oid, 'usage')
    and (has_any_column_privilege(c.oid, 'select, insert, update') or has_table_privilege(c.oid, 'delete'))
  order by 1 limit 5`;
