import type { MigrationInterface, QueryRunner } from 'typeorm';
import { CREATE_LEASE } from '#libs/outbox';

/** Who leads; the reader keeps nothing else of its own. */
export class ReaderLease1763900000000 implements MigrationInterface {
  name = 'ReaderLease1763900000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(CREATE_LEASE);
  }

  async down(): Promise<void> {
    throw new Error('the lease is not undone: drop the schema');
  }
}
