import type { Clock } from '#libs/runtime';
import type { FaultSwitch } from '../partner-faults.js';
import { LaggingTable } from '../lagging-table.js';
import { RateWindow } from '../rate-window.js';

export interface Client {
  id: number;
  external_id_client: string;
  company_name: string | null;
  trading_name: string | null;
  cnpj_cpf: string | null;
  email: string | null;
  date_register: string | null;
  contract_status: string;
  created_at: string;
  updated_at: string;
}

export interface Financial {
  id: number;
  external_id_financial: string;
  external_id_client: string;
  client_id: number | null;
  identifier: string | null;
  description: string | null;
  date_issue: string | null;
  date_due: string;
  date_original_due: string | null;
  date_payment: string | null;
  value: string;
  discount_value: string;
  amount_paid: string;
  status: FinancialStatus;
  created_at: string;
  updated_at: string;
}

export const FINANCIAL_STATUSES = ['pending', 'received', 'canceled'] as const;
export type FinancialStatus = (typeof FINANCIAL_STATUSES)[number];

export interface Tracking {
  external_id_client: string;
  type_tracking: string;
  identifier: string | null;
  email: string | null;
  tracked_at: string;
}

/** What one customer of CustomerX has there, keyed by the external ids. */
export class CustomerXAccount {
  readonly clients: LaggingTable<Client>;
  readonly financials: LaggingTable<Financial>;
  readonly trackings: Tracking[] = [];
  readonly rate: RateWindow;
  private lastId = 1000;

  constructor(name: string, clock: Clock, faults: FaultSwitch) {
    this.clients = new LaggingTable(clock, () => faults.readLagMs(name));
    this.financials = new LaggingTable(clock, () => faults.readLagMs(name));
    this.rate = new RateWindow(clock);
  }

  nextId(): number {
    return ++this.lastId;
  }
}
