-- Ponte · the export views an ERP offers, kit version 1
--
-- Events tell what changes; a view tells what is there. Ponte walks through one when a connector is turned on, after a
-- loss, or when somebody doubts: from the lowest id to the highest, a few hundred rows at a time, beside the live events.
--
-- This file makes the schema and the rights. The views are the ERP's own, one for each thing it can tell of:
--
--   ponte_export.receivables      what erp.receivable.*     tells: everything open PLUS everything with a settlement in
--                                 the last 365 days. Deleted titles are left out.
--   ponte_export.branches         what erp.branch.*         tells: every one, the inactive included
--   ponte_export.business_units   what erp.business-unit.*  tells: every one, the inactive included
--   ponte_export.customers        what erp.customer.*       tells
--   ponte_export.contracts        what erp.contract.*       tells
--
-- Each has four columns, under these names, one row per thing:
--
--   company text    the company's code [empresa]
--   id      text    which one: what aggregateid of the outbox holds. Never null, never twice within a company
--   branch  text    the branch's code [filial]; null where the thing belongs to the whole company
--   data    jsonb   the state as it is now: the payload the outbox would hold, without a movement. Its "sequence" is the
--                   one of the thing's last event, so that a row read late never undoes an event that came sooner
--
--   create or replace view ponte_export.branches as
--   select b.company, b.code as id, b.code as branch,
--     jsonb_build_object('code', b.code, 'name', b.name, 'active', b.active, 'sequence', b.sequence) as data
--   from branch b;
--
-- THE RULE: `company` and `id` must be columns of a table with an index on (company, id), not expressions over them.
-- Ponte asks "where company = $1 and id > $2 order by id limit 500", hundreds of times; without the index each of them
-- reads the whole table. `id` is compared as the column's own collation compares it.
--
-- The views run with the rights of who owns them, so Ponte's login needs none on the tables beneath.
-- Install, as the role that will create the views:  psql -1 -v ON_ERROR_STOP=1 -f ponte-export.v1.sql
-- PostgreSQL 13 or later. Running it again changes nothing.

do $$ begin perform pg_advisory_xact_lock(hashtextextended('ponte.ponte_export', 0)); end $$;

create schema if not exists ponte_export;

comment on schema ponte_export is
  'Ponte export views, kit version 1: company, id, branch, data; one row per thing, indexed by (company, id) beneath.';

-- The same role as in erp-outbox.v1.sql. It may look at every view of this schema, those created later included.
do $$
begin
  if to_regrole('ponte_reader') is null then
    begin
      create role ponte_reader nologin;
    exception
      when duplicate_object or unique_violation then null; -- another database of this server was quicker
      when insufficient_privilege then
        raise warning 'nobody but you may read ponte_export yet: % may not create roles', current_user
          using hint = 'As an administrator: create role ponte_reader nologin; then run this file again.';
        return;
    end;
  end if;
  grant usage on schema ponte_export to ponte_reader;
  grant select on all tables in schema ponte_export to ponte_reader;
  alter default privileges in schema ponte_export grant select on tables to ponte_reader;
end
$$;
