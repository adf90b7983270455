import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Parked deliveries that need nobody: what they lack at the partner comes on another lane. */
export class AwaitingDeliveries1764060000000 implements MigrationInterface {
  name = 'AwaitingDeliveries1764060000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(AWAITING);
  }

  async down(): Promise<void> {
    throw new Error('the ledger is not undone: drop the schema');
  }
}

const AWAITING = `
  create table awaiting (
    position       bigint primary key,
    integration_id bigint not null,
    lane_key       text not null,
    try_at         timestamptz not null
  );
  create index awaiting_lane on awaiting (integration_id, lane_key, position)`;
