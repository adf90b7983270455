import type { MigrationInterface, QueryRunner } from 'typeorm';
import { CREATE_LEASE } from '#libs/outbox';

/** Which replica relays the connector's outcomes. */
export class OutboxLease1763950000000 implements MigrationInterface {
  name = 'OutboxLease1763950000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(CREATE_LEASE);
  }

  async down(): Promise<void> {
    throw new Error('the lease is not undone: drop the schema');
  }
}
