import { escapeLiteral, type Pool, type PoolClient } from 'pg';

/** What the driver prepares under a name of its own. */
interface Named {
  name: string;
  text: string;
}

type InTransaction = (pool: Pool, work: (client: PoolClient) => Promise<never>) => Promise<never>;

/**
 * One connection on which statements keep the plans of the moment when they were first asked for, as connections do that
 * live while a table grows; and what such a plan costs later. Everything is rolled back.
 */
export class KeptPlans {
  private readonly pool: Pool;
  private readonly inTransaction: InTransaction;

  /** @param pool of one connection, which is used for nothing else that is prepared */
  constructor(pool: Pool, inTransaction: InTransaction) {
    this.pool = pool;
    this.inTransaction = inTransaction;
  }

  /** Plans the statement as it would be planned now for any values, and keeps the plan. */
  async keep(statement: Named, values: unknown[]): Promise<void> {
    await this.pool.query('set plan_cache_mode = force_generic_plan');
    await this.undone((client) => client.query(statement, values));
  }

  /**
   * Runs what was kept, with its plan of then or planned anew by the statistics there are.
   * @returns the rows that the nodes of the plan gave or looked at in vain, all together
   */
  async steps(statement: Named, values: unknown[], planned: 'then' | 'anew'): Promise<number> {
    await this.pool.query(`set plan_cache_mode = force_${planned === 'then' ? 'generic' : 'custom'}_plan`);
    const execute = `execute ${statement.name} (${values.map(literal).join(', ')})`;
    type Explained = { 'QUERY PLAN': [{ Plan: PlanNode }] };
    const { rows } = await this.undone((client) =>
      client.query<Explained>(`explain (analyze, timing off, format json) ${execute}`),
    );
    return stepsOf(rows[0]!['QUERY PLAN'][0].Plan);
  }

  private async undone<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    let result: T;
    await this.inTransaction(this.pool, async (client) => {
      result = await work(client);
      throw new Undone();
    }).catch((error: unknown) => {
      if (!(error instanceof Undone)) throw error;
    });
    return result!;
  }
}

class Undone extends Error {}

interface PlanNode {
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  'Rows Removed by Join Filter'?: number;
  'Rows Removed by Index Recheck'?: number;
  Plans?: PlanNode[];
}

function stepsOf(node: PlanNode): number {
  const inVain =
    (node['Rows Removed by Filter'] ?? 0) +
    (node['Rows Removed by Join Filter'] ?? 0) +
    (node['Rows Removed by Index Recheck'] ?? 0);
  const own = (node['Actual Rows'] + inVain) * node['Actual Loops'];
  return (node.Plans ?? []).reduce((steps, inner) => steps + stepsOf(inner), own);
}

function literal(value: unknown): string {
  if (!Array.isArray(value)) return escapeLiteral(String(value));
  return escapeLiteral(`{${value.map((each) => (each === null ? 'null' : JSON.stringify(String(each)))).join(',')}}`);
}
