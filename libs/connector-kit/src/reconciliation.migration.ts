import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What partners hold, read back and compared with the read model. */
export class Reconciliations1764070000000 implements MigrationInterface {
  name = 'Reconciliations1764070000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(RECONCILIATION);
    await runner.query(HELD);
    await runner.query(ITEM);
  }

  async down(): Promise<void> {
    throw new Error('the reconciliations are not undone: drop the schema');
  }
}

/** `page` and `compared_up_to` are where it goes on after whoever worked on it died. */
const RECONCILIATION = `
  create table reconciliation (
    id             bigint generated always as identity primary key,
    integration_id bigint not null,
    state          text not null default 'reading' check (state in ('reading', 'comparing', 'finished', 'failed')),
    started_by     text not null,
    started_at     timestamptz not null default clock_timestamp(),
    finished_at    timestamptz,
    up_to          bigint not null,
    page           int not null default 1,
    pages          int,
    total          int,
    readings       int not null default 1,
    compared_up_to text not null default '',
    titles         int not null default 0,
    reason         text,
    wait_until     timestamptz,
    lease_until    timestamptz,
    epoch          int not null default 0
  );
  create unique index reconciliation_open on reconciliation (integration_id) where finished_at is null;
  create index reconciliation_listed on reconciliation (integration_id, id desc)`;

const HELD = `
  create table reconciliation_held (
    reconciliation_id bigint not null references reconciliation on delete cascade,
    external_id       text not null,
    fields            jsonb not null,
    primary key (reconciliation_id, external_id)
  )`;

const ITEM = `
  create table reconciliation_item (
    id                bigint generated always as identity primary key,
    reconciliation_id bigint not null references reconciliation on delete cascade,
    kind              text not null check (kind in ('missing', 'extra', 'different', 'in-flight', 'inexpressible')),
    external_id       text,
    receivable_id     text,
    fields            text[],
    expected          jsonb,
    held              jsonb,
    reason            text,
    planned_at        timestamptz,
    planned_by        text
  );
  create index reconciliation_item_listed on reconciliation_item (reconciliation_id, id)`;
