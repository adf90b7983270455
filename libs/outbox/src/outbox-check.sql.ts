/** $1 table as quoted text; absent when there is none the role can see. */
export const FIND_TABLE = `select to_regclass($1)::oid::int8::text as id, current_user as "user", current_database() as database`;

/** $1 table id; columns with what the role may do with each */
export const LIST_COLUMNS = `
  select a.attname as name, t.typname as type, a.attnotnull as "notNull",
    has_column_privilege(a.attrelid, a.attnum, 'select') as "maySelect",
    has_column_privilege(a.attrelid, a.attnum, 'update') as "mayUpdate"
  from pg_attribute a join pg_type t on t.oid = a.atttypid
  where a.attrelid = $1::oid and a.attnum > 0 and not a.attisdropped`;

/** $1 table id, $2 column; whether a unique index begins with the column, and how many values a session draws at once */
export const DESCRIBE_POSITION = `
  select
    exists (
      select from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
      where i.indrelid = $1::oid and i.indisunique and i.indnkeyatts = 1 and i.indpred is null and a.attname = $2
    ) as "isUnique",
    (
      select max(s.seqcache)::int
      from pg_depend d join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
        join pg_sequence s on s.seqrelid = d.objid
      where d.classid = 'pg_class'::regclass and d.refobjid = $1::oid and a.attname = $2
    ) as "drawnAtOnce"`;

/** $1 table id */
export const TABLE_RIGHTS = `
  select has_table_privilege($1::oid, 'insert') as insert, has_table_privilege($1::oid, 'delete') as delete,
    has_table_privilege($1::oid, 'truncate') as truncate`;
