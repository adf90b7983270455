import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The titles as their last event left them, in the schema of the connector that uses them. */
export class ReceivablesReadModel1763900000000 implements MigrationInterface {
  name = 'ReceivablesReadModel1763900000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(RECEIVABLE);
    await runner.query(SEQUENCE_ANOMALY);
  }

  async down(): Promise<void> {
    throw new Error('the read model is not undone: drop the schema');
  }
}

/** A deleted title stays as a tombstone: a backfill that read it earlier must not bring it back. */
const RECEIVABLE = `
  create table receivable (
    source        text not null,
    company       text not null,
    receivable_id text not null,
    branch        text not null,
    status        text not null,
    sequence      bigint not null,
    position      bigint not null,
    data          jsonb not null,
    updated_at    timestamptz not null default now(),
    primary key (source, company, receivable_id)
  ) with (fillfactor = 85);
  create index receivable_moved on receivable (source, company, position);
  create index receivable_owed on receivable (source, company, receivable_id) where status in ('open', 'partially-settled')`;

const SEQUENCE_ANOMALY = `
  create table sequence_anomaly (
    id            bigint generated always as identity primary key,
    source        text not null,
    company       text not null,
    receivable_id text not null,
    event_id      uuid not null,
    kind          text not null check (kind in ('gap', 'repeat', 'fall')),
    known         bigint not null,
    came          bigint not null,
    seen_at       timestamptz not null default now()
  )`;
