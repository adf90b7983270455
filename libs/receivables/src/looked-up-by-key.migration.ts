import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A title is looked up by its key alone. While nobody has analyzed the table, any other index that begins with the
 * company looks as good to the planner, and reading it costs a look at every title the company has.
 */
export class ReceivablesLookedUpByKey1764210000000 implements MigrationInterface {
  name = 'ReceivablesLookedUpByKey1764210000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(MISSED);
  }

  async down(): Promise<void> {
    throw new Error('the read model is not undone: drop the schema');
  }
}

/** What changed without a movement, found by the two that count it; of no use to whoever asks for a key. */
const MISSED = `
  create index receivable_missed on receivable (source, company, position) where moved < position;
  drop index receivable_moved`;
