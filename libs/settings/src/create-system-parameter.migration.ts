import type { MigrationInterface, QueryRunner } from 'typeorm';

/** One switch per ERP instance: nothing of the partner is on before it. */
export class CreateSystemParameter1764110000000 implements MigrationInterface {
  readonly name = 'CreateSystemParameter1764110000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table system_parameter (
        source     text not null,
        name       text not null,
        enabled    boolean not null,
        version    integer not null,
        updated_at timestamptz not null,
        updated_by text not null,
        primary key (source, name)
      )`);
    await runner.query(`
      create table system_parameter_change (
        id         bigint generated always as identity primary key,
        source     text not null,
        name       text not null,
        version    integer not null,
        changed_at timestamptz not null,
        changed_by text not null,
        before     boolean not null,
        after      boolean not null,
        unique (source, name, version)
      )`);
    // Whoever was connected before the switch existed stays connected.
    await runner.query(`
      insert into system_parameter (source, name, enabled, version, updated_at, updated_by)
      select source, name, true, 1, now(), 'ponte' from integration where enabled group by source, name`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table system_parameter_change');
    await runner.query('drop table system_parameter');
  }
}
