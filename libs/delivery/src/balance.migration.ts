import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the hourly balance compares, and what it found. */
export class Balance1764130000000 implements MigrationInterface {
  name = 'Balance1764130000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [INBOX_TIME, LOOK_UPS, PLANNED, HOURS, STANDING, DIFFERENCES, ROUND]) {
      await runner.query(statement);
    }
  }

  async down(): Promise<void> {
    throw new Error('the ledger is not undone: drop the schema');
  }
}

/** Rows from before stay without one: they are in no balance. */
const INBOX_TIME = `
  alter table inbox add column event_time timestamptz;
  create index inbox_event_time on inbox (event_time)`;

const LOOK_UPS = `
  create index parked_event_of on parked_event (event_id) where event_id is not null;
  create index on delivery_settled (settled_at)`;

/**
 * Every position that was ever planned, whoever planned it, until it is settled: written with the deliveries, a row for
 * each statement. What is in neither table of deliveries and stands here is gone.
 */
const PLANNED = `
  create table delivery_planned (
    id              bigint generated always as identity primary key,
    planned_at      timestamptz not null default now(),
    positions       bigint[] not null,
    event_ids       uuid[] not null,
    integration_ids bigint[] not null
  );
  create function note_planned() returns trigger language plpgsql as $note$
  begin
    insert into delivery_planned (positions, event_ids, integration_ids)
    select array_agg(position), array_agg(event_id), array_agg(integration_id) from planned having count(*) > 0;
    return null;
  end $note$;
  create trigger delivery_planned after insert on delivery
    referencing new table as planned for each statement execute function note_planned()`;

/**
 * One row per company, type and UTC hour. Of events: by their \`time\`, what the audit carried and what is in the inbox;
 * beside it how deliveries of the type ended in that hour. Of our own outcomes: what the audit heard and what was settled.
 */
const HOURS = `
  create table balance_hour (
    source         text not null,
    company        text not null,
    type           text not null,
    hour           timestamptz not null,
    state          text not null default 'told' check (state in ('told', 'asked', 'even', 'differs')),
    carried        int not null default 0,
    carried_digest text not null default repeat('0', 32),
    had            int not null default 0,
    had_digest     text not null default repeat('0', 32),
    delivered      int not null default 0,
    refused        int not null default 0,
    skipped        int not null default 0,
    superseded     int not null default 0,
    told_at        timestamptz,
    checked_at     timestamptz,
    primary key (source, company, type, hour)
  );
  create index balance_hour_at on balance_hour (hour);
  create index balance_hour_open on balance_hour (hour) where state <> 'even'`;

/** What was open at the last balance. */
const STANDING = `
  create table balance_standing (
    source  text not null,
    company text not null,
    type    text not null,
    pending int not null,
    parked  int not null,
    primary key (source, company, type)
  )`;

const DIFFERENCES = `
  create table balance_difference (
    id                 bigint generated always as identity primary key,
    kind               text not null check (kind in ('missing', 'extra', 'unaccounted', 'delivery-missing', 'outcome-missing',
      'outcome-extra')),
    source             text not null,
    company            text not null,
    type               text not null,
    hour               timestamptz not null,
    found_at           timestamptz not null default now(),
    even_at            timestamptz,
    most               int not null default 0,
    re_emit_asked_at   timestamptz,
    re_emit_asked_by   text,
    accepted_by        text,
    accepted_reason    text
  );
  create unique index balance_difference_open on balance_difference (kind, source, company, type, hour) where even_at is null;
  create index balance_difference_listed on balance_difference (source, company, id);
  create table balance_difference_id (
    difference_id bigint not null references balance_difference on delete cascade,
    id            uuid not null,
    position      bigint,
    event_id      uuid,
    refused       text,
    primary key (difference_id, id)
  );
  create index balance_difference_id_of on balance_difference_id (id)`;

/** Types are compared from the first full hour in which they come in. */
const ROUND = `
  create table balance_round (
    id            smallint primary key default 1 check (id = 1),
    created_at    timestamptz not null default now(),
    told_up_to    timestamptz,
    told_at       timestamptz,
    checked_up_to timestamptz,
    checked_at    timestamptz,
    leased_until  timestamptz
  );
  insert into balance_round default values;
  create table balance_pattern (
    pattern   text primary key,
    begins_at timestamptz not null default date_trunc('hour', now(), 'UTC') + interval '1 hour'
  )`;
