import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What one ERP instance says once for all its integrations. An app that knows nothing of it writes beside it. */
export class SystemParameterSettings1764190000000 implements MigrationInterface {
  readonly name = 'SystemParameterSettings1764190000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`alter table system_parameter add column settings jsonb not null default '{}'`);
    await runner.query(`
      alter table system_parameter_change
        add column settings_before jsonb not null default '{}',
        add column settings_after jsonb not null default '{}'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table system_parameter_change drop column settings_before, drop column settings_after');
    await runner.query('alter table system_parameter drop column settings');
  }
}
