import { Client } from 'pg';
import type { World } from '../../world/world.ts';
import { COUNT_WAITING, LOCK_INBOX } from './hold-intake.sql.ts';

export interface HeldIntake {
  /** Whether somebody waits to take events in. */
  isWaitedFor(): Promise<boolean>;
  release(): Promise<void>;
}

/** As a database that answers everything but the intake: whoever takes events in waits, and nothing fails. */
export async function holdIntake(world: World): Promise<HeldIntake> {
  const url = world.databaseUrl('customerx-connector');
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  await client.query('begin');
  await client.query(LOCK_INBOX);
  return {
    isWaitedFor: async () => (await client.query<{ waiting: number }>(COUNT_WAITING)).rows[0]!.waiting > 0,
    release: () => client.end(),
  };
}
