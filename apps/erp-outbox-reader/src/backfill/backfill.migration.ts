import type { MigrationInterface, QueryRunner } from 'typeorm';
import { CREATE_BACKFILL, CREATE_BACKFILL_SKIPPED, INDEX_BACKFILLS, ONE_OPEN_BACKFILL } from './backfill.sql.js';

/** Which walks were asked for, and how far each has come. */
export class ReaderBackfill1764000000000 implements MigrationInterface {
  name = 'ReaderBackfill1764000000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [CREATE_BACKFILL, ONE_OPEN_BACKFILL, INDEX_BACKFILLS, CREATE_BACKFILL_SKIPPED]) {
      await runner.query(statement);
    }
  }

  async down(): Promise<void> {
    throw new Error('backfills are not undone: drop the schema');
  }
}
