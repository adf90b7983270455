import { Client } from 'pg';
import type { World } from '../../world/world.ts';
import { HOLD_UPDATES, LET_UPDATES_GO } from './hold-marks.sql.ts';

/** From here on the reader's marks wait in the ERP's database, while everything else there goes on. */
export async function holdMarks(world: World): Promise<{ dropAndRelease(): Promise<void> }> {
  const client = new Client({ connectionString: world.erpAdminUrl });
  client.on('error', () => undefined);
  await client.connect();
  for (const statement of HOLD_UPDATES) await client.query(statement);
  return {
    dropAndRelease: async () => {
      for (const statement of LET_UPDATES_GO) await client.query(statement);
      await client.end();
    },
  };
}
