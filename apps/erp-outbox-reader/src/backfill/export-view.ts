import type { Pool } from 'pg';
import type { BackfillAggregate } from '#libs/contracts';
import { PAYLOAD_MAX_BYTES } from '#libs/outbox';
import { sqlStateOf } from '#libs/runtime';
import { DESCRIBE_VIEW, readView } from './export-view.sql.js';

/** One row of a view: a thing as it is now, as the payload its event would have. */
export interface ExportRow {
  id: string;
  branch: string | null;
  sequence: string | null;
  /** JSON text; null for one too large to travel. */
  payload: string | null;
  bytes: number;
}

/** The view cannot be walked as it stands: only the ERP's side can mend it. */
export class ViewUnfit extends Error {
  override readonly name = 'ViewUnfit';
}

const VIEWS: Readonly<Record<BackfillAggregate, string>> = {
  receivable: 'receivables',
  branch: 'branches',
  'business-unit': 'business_units',
  customer: 'customers',
  contract: 'contracts',
};

const COLUMN_TYPES: Readonly<Record<string, string[]>> = {
  company: ['text', 'varchar'],
  id: ['text', 'varchar'],
  branch: ['text', 'varchar', 'bpchar'],
  data: ['jsonb', 'json'],
};

const CHUNK_BYTES = 16_000_000;
const STATEMENT_CANCELED = '57014';
/** The statement or what it found is at fault: asked again, it answers the same. */
const STANDING_FAULT = /^(0A|21|22|2F|38|39|42|44|54|P0|XX)/;

interface Description {
  database: string;
  user: string;
  mayRead: boolean;
  columns: Record<string, string> | null;
}

/** One of the views the ERP offers to be walked through. */
export class ExportView {
  readonly name: string;
  private readonly view: string;

  constructor(
    private readonly pool: Pool,
    aggregate: BackfillAggregate,
  ) {
    this.view = VIEWS[aggregate];
    this.name = `ponte_export.${this.view}`;
  }

  /** @throws ViewUnfit with a sentence to act on */
  async check(): Promise<void> {
    const { columns, database, mayRead, user } = (await this.pool.query<Description>(DESCRIBE_VIEW, [this.view]))
      .rows[0]!;
    if (columns === null) {
      throw new ViewUnfit(
        `the ERP's database "${database}" has no view ${this.name}: install ponte-export.v1.sql and create it, as the ERP guide shows`,
      );
    }
    if (!mayRead) {
      throw new ViewUnfit(
        `${user} may not read ${this.name}: run ponte-export.v1.sql again as the owner of the view, and grant ponte_reader to ${user}`,
      );
    }
    const wrong = Object.entries(COLUMN_TYPES).flatMap(([column, types]) => this.columnMistake(column, types, columns));
    if (wrong.length > 0) throw new ViewUnfit(wrong.join('; '));
  }

  /**
   * Rows of a company above an id, in the order of the ids; none at the end.
   * @throws ViewUnfit where asking again would answer the same
   */
  async read(company: string, above: string, rows: number): Promise<ExportRow[]> {
    const values = [company, above, rows, PAYLOAD_MAX_BYTES, CHUNK_BYTES];
    try {
      return (await this.pool.query<ExportRow>(readView(this.view), values)).rows;
    } catch (error) {
      throw this.explain(error as Error);
    }
  }

  private columnMistake(column: string, types: string[], columns: Record<string, string>): string[] {
    const type = columns[column];
    if (type === undefined) return [`${this.name} has no column ${column}: it must have company, id, branch and data`];
    return types.includes(type) ? [] : [`${this.name}.${column} is of type ${type}: it must be ${types[0]}`];
  }

  private explain(error: Error): Error {
    const state = sqlStateOf(error) ?? '';
    if (state === STATEMENT_CANCELED) {
      return new ViewUnfit(
        `${this.name} did not answer in time: it needs an index on (company, id) of the table beneath, and both as they are there`,
      );
    }
    return STANDING_FAULT.test(state) ? new ViewUnfit(`${this.name} cannot be read: ${error.message}`) : error;
  }
}
