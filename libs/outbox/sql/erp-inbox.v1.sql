-- Ponte · the inbox in which an ERP receives results, kit version 1
--
-- For an ERP that does not consume from the broker itself: Ponte's erp-inbox-writer adds one row per result, once, in the
-- order in which it was told of one subject. The ERP takes what it has not taken yet, lowest position first, and marks it
-- in the transaction that makes use of it:
--
--   begin;
--   select position, type, subject, company, branch, payload from erp_inbox
--    where processed_at is null order by position limit 100 for update;
--   -- make use of each
--   update erp_inbox set processed_at = now() where position = any ('{…}');
--   commit;
--
-- THE RULE: leave a row for 30 days after it was processed. Its id is what makes a result that comes twice harmless.
--   delete from erp_inbox where processed_at < now() - interval '30 days';
--
-- Install, in the schema the search_path names first:  psql -1 -v ON_ERROR_STOP=1 -f erp-inbox.v1.sql
-- or as one query of any driver; PostgreSQL 13 or later. Running it again changes nothing and waits for no writer.

-- The same lock as in erp-outbox.v1.sql: both grant on one schema, and two at once would collide on the catalogue.
do $$ begin perform pg_advisory_xact_lock(hashtextextended('ponte.erp_outbox', 0)); end $$;

create table if not exists erp_inbox (
  id           uuid primary key,
  position     bigint generated always as identity unique,
  source       text not null,
  type         text not null,
  subject      text not null,
  company      text not null,
  branch       text,
  occurred_at  timestamptz not null,
  payload      jsonb not null,
  actor        text,
  traceparent  text,
  received_at  timestamptz not null default now(),
  processed_at timestamptz
) with (
  -- Every row is updated once, when the ERP has made use of it, and leaves a dead entry in the index of waiting rows.
  autovacuum_vacuum_scale_factor = 0.01,
  autovacuum_vacuum_threshold = 10000,
  autovacuum_vacuum_insert_scale_factor = 0.05,
  autovacuum_analyze_scale_factor = 0.02
);

-- "create index if not exists" would lock out the writer even where the index exists, so it is asked for first.
do $$
begin
  if to_regclass('erp_inbox_waiting') is null then
    create index erp_inbox_waiting on erp_inbox (position) where processed_at is null;
  end if;
end
$$;

comment on table erp_inbox is
  'Ponte inbox, kit version 1. Results for this ERP, written once each by Ponte; the ERP marks what it has made use of.';
comment on column erp_inbox.id is 'The result''s identity everywhere, and what makes a repeat harmless.';
comment on column erp_inbox.position is 'Rises, with gaps; the order of one subject is the order of its positions.';
comment on column erp_inbox.source is 'The ERP the result is about: /erp/<instance>.';
comment on column erp_inbox.type is '<connector>.<what>.<past-tense>.v<n>: customerx.delivery.parked.v1';
comment on column erp_inbox.subject is 'What it is about: receivable/4711-2, …';
comment on column erp_inbox.occurred_at is 'When it happened, by Ponte''s clock.';
comment on column erp_inbox.payload is 'The data of the result''s type.';
comment on column erp_inbox.actor is 'The person who did it, where a person did.';
comment on column erp_inbox.received_at is 'When the row was written.';
comment on column erp_inbox.processed_at is 'The ERP''s own mark. Ponte neither writes nor reads it.';

-- What Ponte's login becomes a member of: grant ponte_inbox to <login>. It adds results and sees of them which ids are
-- there, which "on conflict do nothing" needs; it reads no result, changes none, removes none, and sets no mark.
do $$
begin
  if to_regrole('ponte_inbox') is null then
    begin
      create role ponte_inbox nologin;
    exception
      when duplicate_object or unique_violation then null; -- another database of this server was quicker
      when insufficient_privilege then
        raise warning 'nobody but you may write erp_inbox yet: % may not create roles', current_user
          using hint = 'As an administrator: create role ponte_inbox nologin; then run this file again.';
        return;
    end;
  end if;
  execute format('grant usage on schema %I to ponte_inbox', current_schema());
  grant insert (id, source, type, subject, company, branch, occurred_at, payload, actor, traceparent)
    on erp_inbox to ponte_inbox;
  grant select (id) on erp_inbox to ponte_inbox;
end
$$;
