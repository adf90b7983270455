import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Keys of people of whom only a token is known: no document, no customer. */
export class PseudonymKeys1782920000000 implements MigrationInterface {
  readonly name = 'PseudonymKeys1782920000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table data_key
        drop constraint data_key_kind_check,
        add constraint data_key_kind_check check (kind in ('person', 'pseudonym', 'company', 'unreadable')) not valid`);
    await runner.query('alter table data_key validate constraint data_key_kind_check');
  }

  async down(): Promise<void> {
    throw new Error('what is kept under these keys would be lost');
  }
}
