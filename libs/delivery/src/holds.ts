import type { PoolClient } from 'pg';
import { keyIdOf, type Arrival } from './arrival.js';
import { columnsOf } from './columns.js';
import { HOLDS_ON } from './intake.sql.js';

const NONE: ReadonlySet<string> = new Set();

/** Which keys are held just now, wholly or for one integration; grows as a batch is gone through. */
export class Holds {
  private readonly whole = new Set<string>();
  private readonly byIntegration = new Map<string, Set<string>>();

  /** Read without locks: whoever changes them holds the epoch rows. */
  static async on(client: PoolClient, arrivals: readonly Arrival[]): Promise<Holds> {
    const holds = new Holds();
    const keys = arrivals.flatMap(({ facts, key }) => (facts && key ? [[facts.source, facts.company, key]] : []));
    if (keys.length === 0) return holds;
    type Row = { source: string; company: string; key: string; integration_id: string | null };
    const { rows } = await client.query<Row>(HOLDS_ON, columnsOf(keys, 3));
    for (const { source, company, key, integration_id: integrationId } of rows)
      holds.hold(keyIdOf(source, company, key), integrationId);
    return holds;
  }

  add(arrival: Arrival, integrationId: string | null = null): void {
    this.hold(idOf(arrival), integrationId);
  }

  holdsAll(arrival: Arrival): boolean {
    return this.whole.has(idOf(arrival));
  }

  integrationsHeld(arrival: Arrival): ReadonlySet<string> {
    return this.byIntegration.get(idOf(arrival)) ?? NONE;
  }

  private hold(keyId: string, integrationId: string | null): void {
    if (integrationId === null) this.whole.add(keyId);
    else this.byIntegration.set(keyId, (this.byIntegration.get(keyId) ?? new Set<string>()).add(integrationId));
  }
}

/** Of an arrival that can be read; what cannot holds nothing. */
function idOf({ facts, key }: Arrival): string {
  return facts && key ? keyIdOf(facts.source, facts.company, key) : '';
}
