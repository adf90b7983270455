-- Ponte · the heartbeat of an ERP's jobs, kit version 1
--
-- An ERP whose job has stopped writes no outbox rows, and an outbox without rows looks as if all had been published. So
-- each job that writes there says now and then that it is alive; Ponte alarms when one has been silent for three of its
-- periods, day and night.
--
-- THE RULE: beat after the work, also when there was nothing to do, in a transaction of its own.
--   * After the work: a job that fails every time then does not look alive.
--   * Of its own: the beat holds its row until the transaction ends, and another run of the same job would wait for it.
--
--   select erp_outbox_beat('settlements');          -- at least every five minutes
--   select erp_outbox_beat('nightly-close', 86400); -- once a day
--
-- An ERP whose screens write the outbox themselves lets its scheduler beat. A job that is no more is forgotten with
--   delete from erp_outbox_heartbeat where job = 'nightly-close';
--
-- Install, in the schema of the outbox:  psql -1 -v ON_ERROR_STOP=1 -f erp-heartbeat.v1.sql
-- or as one query of any driver; PostgreSQL 13 or later. Running it again changes nothing.

-- The same lock as in erp-outbox.v1.sql: both grant on one schema, and two at once would collide on the catalogue.
do $$ begin perform pg_advisory_xact_lock(hashtextextended('ponte.erp_outbox', 0)); end $$;

create table if not exists erp_outbox_heartbeat (
  job           text primary key check (job <> '' and length(job) <= 100),
  beat_at       timestamptz not null,
  every_seconds int not null check (every_seconds between 1 and 2678400)
);

comment on table erp_outbox_heartbeat is
  'Ponte heartbeat, kit version 1. One row per job of the ERP that writes the outbox, written by erp_outbox_beat.';
comment on column erp_outbox_heartbeat.beat_at is 'When the job was last through with its work.';
comment on column erp_outbox_heartbeat.every_seconds is 'Its period, 31 days at the most. Ponte alarms after three.';

create or replace function erp_outbox_beat(job text, every_seconds int default 300)
returns void language sql volatile set search_path from current as $$
  insert into erp_outbox_heartbeat (job, beat_at, every_seconds) values ($1, clock_timestamp(), $2)
  on conflict on constraint erp_outbox_heartbeat_pkey
  do update set beat_at = excluded.beat_at, every_seconds = excluded.every_seconds
$$;

comment on function erp_outbox_beat is
  'Says that a job is alive, after its work. The second argument is how often it beats, in seconds.';

-- The same role as in erp-outbox.v1.sql. It looks, nothing else.
do $$
begin
  if to_regrole('ponte_reader') is null then
    begin
      create role ponte_reader nologin;
    exception
      when duplicate_object or unique_violation then null; -- another database of this server was quicker
      when insufficient_privilege then
        raise warning 'nobody but you may read erp_outbox_heartbeat yet: % may not create roles', current_user
          using hint = 'As an administrator: create role ponte_reader nologin; then run this file again.';
        return;
    end;
  end if;
  execute format('grant usage on schema %I to ponte_reader', current_schema());
  grant select on erp_outbox_heartbeat to ponte_reader;
end
$$;
