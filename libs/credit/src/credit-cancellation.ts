import type { Pool } from 'pg';
import { DeliveryRefusal, type DeliveryEngine } from '#libs/delivery';
import { inTransaction, Problem } from '#libs/runtime';
import type { Analysis } from './analysis.js';
import type { CreditEndings } from './credit-endings.js';

/** Takes back what was asked for and was not called yet. */
export class CreditCancellation {
  constructor(
    private readonly pool: Pool,
    private readonly engine: DeliveryEngine,
    private readonly endings: CreditEndings,
  ) {}

  /** @throws Problem 409 `not-waiting`, or `already-called`: it may be charged, and only its answer ends it */
  async cancel(analysis: Analysis, by: string, reason: string): Promise<void> {
    const { id, state } = analysis;
    if (state !== 'waiting') throw new Problem({ type: 'not-waiting', status: 409, detail: ENDED });
    await this.withdraw(analysis, by, reason);
    await inTransaction(this.pool, (client) => this.endings.end(client, id, { code: 'canceled', text: reason, by }));
  }

  private async withdraw(analysis: Analysis, by: string, reason: string): Promise<void> {
    const { deliveries } = this.engine;
    const position = await this.endings.positionOf(this.pool, analysis);
    const paid = position === undefined ? undefined : await deliveries.read(position);
    if (!paid || paid.delivery.state === 'skipped') return;
    if ((paid.intents ?? []).some(({ state }) => state !== 'not-made')) throw alreadyCalled();
    await deliveries.withdraw(position!, by, reason).catch((error: unknown) => {
      throw error instanceof DeliveryRefusal ? alreadyCalled() : error;
    });
  }
}

function alreadyCalled(): Problem {
  return new Problem({ type: 'already-called', status: 409, detail: CALLED });
}

const ENDED = 'a consulta já terminou / the analysis has come to its end';
const CALLED = 'a consulta já foi chamada e pode ser cobrada / it was called already, and may be charged';
