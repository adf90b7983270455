import pg from 'pg';
import { sampleOf } from '#libs/contracts';

/** `$1` first number, `$2` how many, `$3` a title's data */
const COMMIT_TITLES = `
  insert into erp_outbox (aggregatetype, aggregateid, type, payload, company, branch, sequence, actor)
  select 'receivable', 'W-' || n, 'erp.receivable.opened.v1',
    $3::jsonb || jsonb_build_object('receivableId', 'W-' || n, 'number', n::text), '1', '01', 1, 'rui.cobranca'
  from generate_series($1::int, $1::int + $2::int - 1) n`;

const COMMITTED_AT_ONCE = 500;

/** An ERP that opens titles, each a commit of its own or many at once. */
export class Erp {
  private next = 1;
  private readonly pool: pg.Pool;
  private readonly data: string;

  constructor(url: string) {
    this.pool = new pg.Pool({ connectionString: url, max: 8 });
    this.data = JSON.stringify({ ...sampleOf('erp.receivable.opened.v1').data, company: '1', branch: '01' });
  }

  /** @returns when the first commit was there */
  async openTitles(count: number): Promise<number> {
    let firstAt = 0;
    for (let left = count; left > 0; left -= COMMITTED_AT_ONCE) {
      await this.commit(Math.min(left, COMMITTED_AT_ONCE));
      firstAt ||= performance.now();
    }
    return firstAt;
  }

  /** @returns the title and when its commit was there */
  async openTitle(): Promise<{ title: string; at: number }> {
    const title = await this.commit(1);
    return { title, at: performance.now() };
  }

  async close(): Promise<void> {
    await this.pool.end();
  }

  private async commit(count: number): Promise<string> {
    const from = this.next;
    this.next += count;
    await this.pool.query(COMMIT_TITLES, [from, count, this.data]);
    return `W-${from}`;
  }
}
