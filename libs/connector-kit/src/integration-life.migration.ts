import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Since when an integration tells its partner of everything, and what it still owes it of the time before. */
export class IntegrationLife1764120000000 implements MigrationInterface {
  name = 'IntegrationLife1764120000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(LIFE);
    await runner.query(LOAD);
    await runner.query(FAILURE);
    await runner.query(KEEP_READY);
  }

  async down(): Promise<void> {
    throw new Error('what was told to partners is not undone: drop the schema');
  }
}

/** `told_up_to`: the intake position at which it stopped being ready. */
const LIFE = `
  create table integration_life (
    integration_id bigint primary key references integration,
    ready          boolean not null,
    since          timestamptz not null,
    told_up_to     bigint
  )`;

const LOAD = `
  create table integration_load (
    id               bigint generated always as identity primary key,
    integration_id   bigint not null references integration,
    kind             text not null check (kind in ('initial', 'difference', 'resend')),
    above            bigint not null,
    not_moved_after  bigint not null,
    needs_fill       boolean not null,
    last_title       text not null default '',
    titles           integer not null default 0,
    deliveries       integer not null default 0,
    failures         integer not null default 0,
    asked_by         text not null,
    asked_at         timestamptz not null default now(),
    worked_at        timestamptz not null default '-infinity',
    finished_at      timestamptz
  );
  create index integration_load_open on integration_load (integration_id, id) where finished_at is null;
  create index integration_load_of on integration_load (integration_id, id desc)`;

/** Titles the connector could not plan as they stand; their next event is planned by itself. */
const FAILURE = `
  create table integration_load_failure (
    load_id       bigint not null references integration_load,
    receivable_id text not null,
    reason        text not null,
    primary key (load_id, receivable_id)
  )`;

/** Those that were on before this table was are told of nothing twice: what they owe is found by reconciliation. */
const KEEP_READY = `
  insert into integration_life (integration_id, ready, since, told_up_to)
  select id, false, now(), (select case when is_called then last_value else 0 end from position)
  from integration where enabled`;
