import { readFileSync } from 'node:fs';
import pg from 'pg';
import { sampleOf } from '#libs/contracts';

const KIT = readFileSync(new URL('../../../libs/outbox/sql/erp-outbox.v1.sql', import.meta.url), 'utf8');

/** `$1` rows of `$2` titles, `$3` the data of one: title after title, again and again, as a busy day brings them. */
const MAKE_TEMPLATE = [
  'drop table if exists template',
  'create table template (n int, payload jsonb)',
  `insert into template select n, $3::jsonb || jsonb_build_object('receivableId', 'T-' || n % $2, 'sequence', n / $2)
   from generate_series(1, $1) n`,
] as const;

/** An ERP's outbox with as many rows as wanted, filled afresh for each round. */
export class OutboxRows {
  private readonly erp: pg.Client;

  private constructor(erp: pg.Client) {
    this.erp = erp;
  }

  static async open(
    url: string,
    wish: { rows: number; titles: number; tables: readonly string[] },
  ): Promise<OutboxRows> {
    const erp = new pg.Client({ connectionString: url });
    await erp.connect();
    for (const statement of [KIT, ...wish.tables]) await erp.query(statement);
    await erp.query(MAKE_TEMPLATE[0]);
    await erp.query(MAKE_TEMPLATE[1]);
    const { data } = sampleOf('erp.receivable.settled.v1');
    await erp.query(MAKE_TEMPLATE[2], [wish.rows, wish.titles, JSON.stringify(data)]);
    return new OutboxRows(erp);
  }

  async refill(): Promise<void> {
    await this.erp.query('truncate erp_outbox restart identity');
    await this.erp.query('truncate lease');
    await this.erp.query(
      `insert into erp_outbox (aggregatetype, aggregateid, type, payload, company, branch, sequence, actor)
       select 'receivable', payload->>'receivableId', 'erp.receivable.settled.v1', payload, '1', '3', n, 'rui.cobranca'
       from template order by n`,
    );
    await this.erp.query('analyze erp_outbox');
    await this.erp.query('checkpoint');
  }

  async close(): Promise<void> {
    await this.erp.end();
  }
}
