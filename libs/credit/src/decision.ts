import type { CreditStanding } from '#libs/contracts';
import { withoutNulls } from './analysis.js';

/** `canceled`: what the customer is granted stays as it was. */
export type DecisionKind = 'confirmed' | 'changed' | 'canceled';

/** A row of the table, as pg gives it. */
export interface DecisionRow {
  analysis_id: string;
  id: string;
  kind: DecisionKind;
  from_situation: string | null;
  from_limit: string | null;
  to_situation: string | null;
  to_limit: string | null;
  reason: string | null;
  decided_by: string;
  decided_at: Date;
  acknowledged: 'applied' | 'refused' | null;
  acknowledged_at: Date | null;
  acknowledgement: string | null;
}

/** What a person made of an analysis. */
export interface Decision {
  /** By which the ERP acknowledges it. */
  id: string;
  kind: DecisionKind;
  /** What the person saw in force. */
  from: CreditStanding;
  to: CreditStanding;
  reason?: string;
  decidedBy: string;
  decidedAt: Date;
  /** What the ERP said of it; absent until it does. */
  acknowledged?: 'applied' | 'refused';
  acknowledgedAt?: Date;
  acknowledgement?: string;
}

export function toDecision(row: DecisionRow): Decision {
  return withoutNulls<Decision>({
    id: row.id,
    kind: row.kind,
    from: withoutNulls<CreditStanding>({ situation: row.from_situation, limit: row.from_limit }),
    to: withoutNulls<CreditStanding>({ situation: row.to_situation, limit: row.to_limit }),
    reason: row.reason,
    decidedBy: row.decided_by,
    decidedAt: row.decided_at,
    acknowledged: row.acknowledged,
    acknowledgedAt: row.acknowledged_at,
    acknowledgement: row.acknowledgement,
  });
}
