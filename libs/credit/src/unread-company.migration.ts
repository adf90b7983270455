import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Of a company whose titles were not read whole: the answer, and that a person bought on what was known. */
export class UnreadCompanies1764200000000 implements MigrationInterface {
  readonly name = 'UnreadCompanies1764200000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table credit_wish
        drop constraint credit_wish_answer_check,
        add constraint credit_wish_answer_check check (answer in ('waiting', 'recent', 'over-budget', 'not-read-whole'))`);
    await runner.query(`
      alter table credit_action
        drop constraint credit_action_action_check,
        add constraint credit_action_action_check check (action in ('asked', 'confirmed-new', 'known-sufficed',
          'completed', 'answered', 'canceled', 'decided', 'left-for-later', 'applied', 'not-applied'))`);
  }

  async down(): Promise<void> {
    throw new Error('what was answered is not undone: drop the schema');
  }
}
