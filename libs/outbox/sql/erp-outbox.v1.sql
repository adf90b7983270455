-- Ponte · the outbox an ERP fills, kit version 1
--
-- THE RULE: write the outbox row in the same transaction as, and under the lock of, the aggregate's row.
--   * Same transaction: both are there or neither is. An event without its change, or a change without its event,
--     can then not exist.
--   * Under the lock: lock the title (customer, contract) first, with the UPDATE itself or SELECT … FOR UPDATE, then
--     write here. Two transactions that move one title then write in the order in which they commit, and Ponte keeps
--     that order. With a partitionkey, lock the row that the key names.
--
--   begin;
--   update title set paid = paid + 150.00, sequence = sequence + 1 where company = '1' and id = '4711-2';
--   select erp_outbox_write('receivable', '4711-2', 'erp.receivable.settled.v1', '{"receivableId": …}', '1', '01', 7, 'maria');
--   commit;
--
-- Install, in the schema the search_path names first:  psql -1 -v ON_ERROR_STOP=1 -f erp-outbox.v1.sql
-- or as one query of any driver; PostgreSQL 13 or later. Running it again changes nothing and waits for no writer.
-- Rows stay until the ERP removes them, and only marked ones may go, for instance nightly:
--   delete from erp_outbox where published_at < now() - interval '30 days';

-- Two installers at once would collide on the catalogue; the second waits for the first instead.
do $$ begin perform pg_advisory_xact_lock(hashtextextended('ponte.erp_outbox', 0)); end $$;

create table if not exists erp_outbox (
  position      bigint generated always as identity primary key,
  id            uuid not null default gen_random_uuid() unique,
  aggregatetype text not null,
  aggregateid   text not null,
  type          text not null,
  payload       jsonb not null,
  company       text not null,
  branch        text not null,
  sequence      bigint,
  occurred_at   timestamptz not null default now(),
  actor         text,
  partitionkey  text,
  traceparent   text,
  published_at  timestamptz,
  parked_reason text
) with (
  -- Every row is updated once, when it is published, and leaves a dead entry in the index of waiting rows. The default
  -- of 20 % of the table would let that index grow with the history instead of with the backlog.
  autovacuum_vacuum_scale_factor = 0.01,
  autovacuum_vacuum_threshold = 10000,
  autovacuum_vacuum_insert_scale_factor = 0.05,
  autovacuum_analyze_scale_factor = 0.02,
  autovacuum_vacuum_cost_limit = 2000
);

-- "create index if not exists" would lock out writers even where the index exists, so it is asked for first.
do $$
begin
  if to_regclass('erp_outbox_waiting') is null then
    create index erp_outbox_waiting on erp_outbox (position) where published_at is null and parked_reason is null;
  end if;
  if to_regclass('erp_outbox_parked') is null then
    create index erp_outbox_parked on erp_outbox (position) where published_at is null and parked_reason is not null;
  end if;
end
$$;

comment on table erp_outbox is
  'Ponte outbox, kit version 1. Write the row in the same transaction as, and under the lock of, the aggregate''s row.';
comment on column erp_outbox.position is 'Rises; the order of one aggregate is the order of its positions.';
comment on column erp_outbox.id is 'The event''s identity everywhere, and what makes a repeat harmless. Never reuse one.';
comment on column erp_outbox.aggregatetype is 'What moved: receivable, customer, contract, …';
comment on column erp_outbox.aggregateid is 'Which one: 4711-2. Unique within the company.';
comment on column erp_outbox.type is 'erp.<aggregate>.<past-tense>.v<n>: erp.receivable.settled.v1';
comment on column erp_outbox.payload is 'State after the change, plus the change itself. Becomes the event''s data.';
comment on column erp_outbox.sequence is 'Rises by one per aggregate. Shows gaps and falls; it never drops an event.';
comment on column erp_outbox.occurred_at is 'When the ERP recorded it. Business dates belong in the payload.';
comment on column erp_outbox.actor is 'The ERP user or job that did it.';
comment on column erp_outbox.partitionkey is 'The ordering key where it is not the aggregate, for instance the customer.';
comment on column erp_outbox.published_at is 'Written by Ponte when the broker has confirmed the event.';
comment on column erp_outbox.parked_reason is
  'Written by Ponte when the row cannot travel as it stands, or as "behind <position>" when an earlier one of its key cannot.';

create or replace function erp_outbox_write(
  aggregatetype text, aggregateid text, type text, payload jsonb, company text, branch text,
  sequence bigint, actor text, partitionkey text default null, traceparent text default null
) returns bigint language sql volatile set search_path from current as $$
  insert into erp_outbox (aggregatetype, aggregateid, type, payload, company, branch, sequence, actor, partitionkey, traceparent)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
  returning erp_outbox.position
$$;

comment on function erp_outbox_write is
  'Adds one event to the transaction that changes the aggregate, after its row was locked. Returns the position.';

create or replace function erp_outbox_release(parked_position bigint)
returns bigint language plpgsql volatile set search_path from current as $$
declare
  held_by text;
  followers bigint;
begin
  -- The second update must see what committed while the first one waited, so it needs a snapshot of its own.
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'erp_outbox_release needs a READ COMMITTED transaction' using errcode = 'invalid_transaction_state';
  end if;

  -- The head first: whoever parks rows behind it holds it FOR SHARE meanwhile, so those rows are seen below.
  update erp_outbox o set parked_reason = null
  where o.position = parked_position and o.published_at is null
    and o.parked_reason is not null and o.parked_reason not like 'behind %';
  if not found then
    select substring(o.parked_reason from '^behind ([0-9]+)$') into held_by
    from erp_outbox o where o.position = parked_position and o.published_at is null;
    if held_by is not null then
      raise exception 'row % waits behind row %', parked_position, held_by
        using errcode = 'object_not_in_prerequisite_state',
              hint = format('Release row %s: the rows behind it go with it, in order.', held_by);
    end if;
    return 0;
  end if;

  update erp_outbox o set parked_reason = null
  where o.published_at is null and o.parked_reason = 'behind ' || parked_position;
  get diagnostics followers = row_count;
  return followers + 1;
end
$$;

comment on function erp_outbox_release is
  'Lets a parked row go, with every row parked behind it. Returns how many rows wait again; 0 when it was not parked.';

-- Optional. Ponte looks for rows every 25 to 250 ms; it need not wait for that where the ERP says that it has committed:
--   create trigger erp_outbox_notify after insert on erp_outbox for each statement execute function erp_outbox_notify();
-- Of transactions that say so PostgreSQL commits one at a time: leave it out where hundreds commit in a second.
create or replace function erp_outbox_notify()
returns trigger language plpgsql set search_path from current as $$
begin
  perform pg_notify('erp_outbox', '');
  return null;
end
$$;

comment on function erp_outbox_notify is
  'For a trigger after insert, for each statement: says on the channel erp_outbox that rows were committed.';

-- What Ponte's login becomes a member of: grant ponte_reader to <login>. It reads and marks, nothing else.
do $$
begin
  if to_regrole('ponte_reader') is null then
    begin
      create role ponte_reader nologin;
    exception
      when duplicate_object or unique_violation then null; -- another database of this server was quicker
      when insufficient_privilege then
        raise warning 'nobody but you may read erp_outbox yet: % may not create roles', current_user
          using hint = 'As an administrator: create role ponte_reader nologin; then run this file again.';
        return;
    end;
  end if;
  execute format('grant usage on schema %I to ponte_reader', current_schema());
  grant select on erp_outbox to ponte_reader;
  grant update (published_at, parked_reason) on erp_outbox to ponte_reader;
  grant execute on function erp_outbox_release(bigint) to ponte_reader;
end
$$;
