import type { Pool } from 'pg';
import type { DataSource } from 'typeorm';

/** The pg pool under a DataSource: hot statements use it directly, on the same connections as the repositories. */
export function poolOf(dataSource: DataSource): Pool {
  return (dataSource.driver as unknown as { master: Pool }).master;
}
