import type { BusinessKeys } from '#libs/contracts';
import type { ToldDelivery } from './told.js';

/** The columns of a delivery that is told of. */
export interface ToldRow {
  position: string;
  integration_id: string;
  operation: string;
  attempts: number;
  source: string;
  company: string;
  branch: string | null;
  event_id: string | null;
  event_type: string | null;
  subject: string;
  keys: BusinessKeys | null;
  traceparent: string | null;
}

/** Without the lane's key, which the caller knows. */
export function toTold(row: ToldRow): Omit<ToldDelivery, 'laneKey'> {
  return {
    position: row.position,
    integrationId: row.integration_id,
    operation: row.operation,
    attempts: row.attempts,
    source: row.source,
    company: row.company,
    branch: row.branch,
    eventId: row.event_id,
    eventType: row.event_type,
    subject: row.subject,
    keys: row.keys,
    traceparent: row.traceparent,
  };
}
