import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Deliveries that go to the partner in one call. Whose answer is not known stay together, so that the call can be repeated
 * as it was: the lane of the first stands for all, and the others wait for it.
 */
export class BatchedDeliveries1764150000000 implements MigrationInterface {
  name = 'BatchedDeliveries1764150000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [BATCH, WAITS_FOR, WINDOWS_FROM]) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('the ledger is not undone: drop the schema');
  }
}

const BATCH = `
  alter table delivery add column batch_id uuid;
  create index delivery_batch on delivery (batch_id, position) where batch_id is not null`;

/** The time of the local day a cadence is counted from: what goes once a day goes at an hour of its own. */
const WINDOWS_FROM = `
  alter table cadence add column from_seconds int not null default 0 check (from_seconds between 0 and 86399)`;

/** Not looked over again: what stands there is one of the words from before. */
const WAITS_FOR = `
  alter table lane drop constraint lane_waits_for_check,
    add constraint lane_waits_for_check
      check (waits_for in ('nothing', 'window', 'dependency', 'person', 'batch')) not valid`;
