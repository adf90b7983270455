import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the holder of a document owes is found without reading every title of the company. */
export class ReceivablesByDocument1764170000000 implements MigrationInterface {
  name = 'ReceivablesByDocument1764170000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(OWED_BY);
  }

  async down(): Promise<void> {
    throw new Error('the read model is not undone: drop the schema');
  }
}

const OWED_BY = `
  create index receivable_owed_by on receivable (source, company, (data->'customer'->>'document'))
  where status in ('open', 'partially-settled')`;
