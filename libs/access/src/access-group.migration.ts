import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The history refers to no row: it outlives the mapping it tells of. */
export class AccessGroups1764110000000 implements MigrationInterface {
  readonly name = 'AccessGroups1764110000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table access_group (
        id          bigint generated always as identity primary key,
        name        text not null,
        source      text not null,
        company     text not null,
        branch      text,
        permissions text[] not null,
        updated_at  timestamptz not null,
        updated_by  text not null,
        unique nulls not distinct (name, source, company, branch)
      )`);
    await runner.query(`
      create table access_group_change (
        id              bigint generated always as identity primary key,
        name            text not null,
        source          text not null,
        company         text not null,
        branch          text,
        changed_at      timestamptz not null,
        changed_by      text not null,
        changed_by_name text not null,
        before          text[],
        after           text[]
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table access_group_change');
    await runner.query('drop table access_group');
  }
}
