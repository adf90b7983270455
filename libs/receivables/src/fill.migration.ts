import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whether the titles of a company were ever read whole, and which of them a walk has not seen. */
export class ReceivablesFill1764100000000 implements MigrationInterface {
  name = 'ReceivablesFill1764100000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(SEEN);
    await runner.query(FILL);
  }

  async down(): Promise<void> {
    throw new Error('the read model is not undone: drop the schema');
  }
}

/** `moved`: the last movement, whatever it changed; `touched`: the last time anything was heard of the title. */
const SEEN = `
  alter table receivable
    add column moved bigint not null default 0,
    add column touched bigint not null default 0;
  update receivable set moved = position, touched = position`;

const FILL = `
  create table receivable_fill (
    source                text not null,
    company               text not null,
    filled_at             timestamptz,
    rows                  bigint,
    swept                 bigint,
    wanted_id             uuid,
    wanted_at             timestamptz,
    wanted_by             text,
    wanted_said_at        timestamptz,
    walk_id               uuid,
    walk_started_position bigint,
    compared_from         bigint,
    primary key (source, company)
  )`;
