/** $1 view; one row always */
export const DESCRIBE_VIEW = `
  select current_database() as database, current_user as "user",
    coalesce(has_schema_privilege(v.schema, 'usage') and has_table_privilege(v.id, 'select'), false) as "mayRead",
    (
      select json_object_agg(a.attname, t.typname)
      from pg_attribute a join pg_type t on t.oid = a.atttypid
      where a.attrelid = v.id and a.attnum > 0 and not a.attisdropped) as columns
  from (select 1) one
  left join (
    select c.oid as id, n.oid as schema
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'ponte_export' and c.relname = $1 and c.relkind in ('r', 'v', 'm', 'f', 'p')) v on true`;

/**
 * $1 company, $2 above this id, $3 rows, $4 the largest payload worth having, in bytes, $5 bytes after which no further
 * row is given. The inner limit keeps the rows that are looked at to those that are given.
 */
export const readView = (view: string) => `
  select r.id, r.branch, r.sequence, r.bytes, case when r.bytes <= $4 then r.body end as payload
  from (
    select o.*, octet_length(o.body) as bytes,
      sum(least(octet_length(o.body), $4)) over (order by o.id) as bytes_so_far
    from (
      select v.id::text as id, nullif(v.branch::text, '') as branch,
        v.data ->> 'sequence' as sequence, coalesce(v.data::text, 'null') as body
      from ponte_export.${view} v
      where v.company = $1 and v.id > $2
      order by v.id
      limit $3) o) r
  where r.bytes_so_far - least(r.bytes, $4) < $5
  order by r.id`;
