import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateIntegration1764000000000 implements MigrationInterface {
  readonly name = 'CreateIntegration1764000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table integration (
        id           bigint generated always as identity primary key,
        source       text not null,
        company      text not null,
        branch       text,
        name         text not null,
        display_name text not null,
        enabled      boolean not null,
        settings     jsonb not null,
        secrets      jsonb not null,
        version      integer not null,
        updated_at   timestamptz not null,
        updated_by   text not null,
        unique nulls not distinct (source, company, branch, name)
      )`);
    await runner.query(`
      create table setting_change (
        id             bigint generated always as identity primary key,
        integration_id bigint not null references integration,
        version        integer not null,
        changed_at     timestamptz not null,
        changed_by     text not null,
        before         jsonb not null,
        after          jsonb not null,
        unique (integration_id, version)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table setting_change');
    await runner.query('drop table integration');
  }
}
