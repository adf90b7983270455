import type { Pool } from 'pg';
import { filterValues, type DeliveryFilter, type SeenTerritory } from './deliveries-filter.js';
import { FAILURE_GROUPS } from './deliveries-failures.sql.js';

/** Deliveries that wait for a person for the same reason, whatever the numbers in it. */
export interface FailureGroup {
  fingerprint: string;
  operation: string;
  /** With `#` where the reasons differ. */
  reason: string;
  count: number;
  firstSeen: Date;
  lastSeen: Date;
  /** How many titles, contracts … are concerned, and a few of them. */
  subjects: number;
  sample: string[];
  /** The newest of them, by its position. */
  newest: string;
}

export interface FailureGroups {
  /** The largest first. */
  items: FailureGroup[];
  /** How many parked deliveries were looked at, newest first, and whether that was all of them. */
  lookedAt: number;
  complete: boolean;
}

const LOOKED_AT_MAX = 100_000;

interface GroupRow {
  fingerprint: string;
  operation: string;
  reason: string;
  count: number;
  first_seen: Date;
  last_seen: Date;
  newest: string;
  subjects: number;
  sample: string[];
  looked_at: number;
  groups: number;
}

/** Two thousand failures are often three mistakes. @param groupsMax the smallest groups beyond it are left out */
export async function readFailureGroups(
  pool: Pool,
  seen: readonly SeenTerritory[] | undefined,
  filter: DeliveryFilter,
  groupsMax: number,
): Promise<FailureGroups> {
  const values = [...filterValues(seen, filter), LOOKED_AT_MAX, groupsMax];
  const { rows } = await pool.query<GroupRow>(FAILURE_GROUPS, values);
  const { looked_at: lookedAt, groups } = rows[0] ?? { looked_at: 0, groups: 0 };
  return { items: rows.map(toGroup), lookedAt, complete: lookedAt < LOOKED_AT_MAX && groups <= groupsMax };
}

function toGroup({ fingerprint, operation, reason, count, subjects, sample, newest, ...seen }: GroupRow): FailureGroup {
  const { first_seen: firstSeen, last_seen: lastSeen } = seen;
  return { fingerprint, operation, reason, count, firstSeen, lastSeen, subjects, sample, newest };
}
