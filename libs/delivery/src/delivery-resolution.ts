import type { PoolClient } from 'pg';
import { columnsOf } from './columns.js';
import { NOTE_ACTIONS, START_OVER } from './deliveries.sql.js';
import { DeliveryRefusal } from './delivery-refusal.js';
import type { DeliveryRow } from './delivery-report.js';
import type { OutcomeWriter } from './outcome-events.js';
import { writeOutcomes } from './outcome-rows.js';
import { END_INTENTS, INTENTS_TO_RESOLVE } from './paid.sql.js';
import type { IntentState } from './paid-verdict.js';
import { storable } from './storable.js';
import type { ToldDelivery } from './told.js';
import { toTold } from './told-row.js';
import { writeVerdictRows } from './verdict-rows.js';

/** What a person found out at the partner. */
export type Finding = { by: string; reason: string } & ({ happened: true; reference: string } | { happened: false });

/** Within a transaction that holds the lane, which nobody has in hand: a person's word on a call nobody knows the end of. */
export class DeliveryResolution {
  constructor(
    private readonly client: PoolClient,
    private readonly outcomes: OutcomeWriter,
    private readonly laneKey: string,
  ) {}

  /** @throws DeliveryRefusal where its effect is known */
  async resolve(row: DeliveryRow, finding: Finding): Promise<void> {
    if (row.state !== 'unknown') {
      const words = `nobody asks whether the delivery ${row.position} took effect: it is ${row.state}`;
      throw new DeliveryRefusal('not-unknown', words);
    }
    const told = { ...toTold(row), laneKey: this.laneKey };
    if (finding.happened) await this.settle(row, told, finding);
    else await this.sendOnce(row, told, finding);
  }

  private async settle(row: DeliveryRow, told: ToldDelivery, finding: Finding & { happened: true }): Promise<void> {
    const { by, reason, reference } = finding;
    const { position, tries, attempts } = row;
    const verdict = [position, tries, tries, attempts, 'delivered', storable(reason), storable(reference), by];
    await writeVerdictRows(this.client, { settled: [verdict] });
    await endUnresolved(this.client, position, 'confirmed');
    await this.note(position, 'confirmed', finding);
    await writeOutcomes(this.client, [this.outcomes.delivered(told, reference, reason, by)]);
  }

  /** One new intent and no more: should nobody know what became of that one, it is asked again. */
  private async sendOnce({ position }: DeliveryRow, told: ToldDelivery, finding: Finding): Promise<void> {
    const { by, reason } = finding;
    await this.client.query(START_OVER, [[position]]);
    await endUnresolved(this.client, position, 'denied');
    await this.note(position, 'denied', finding);
    await writeOutcomes(this.client, [this.outcomes.retried(told, by, { reason })]);
  }

  private async note(position: string, action: 'confirmed' | 'denied', { by, reason }: Finding): Promise<void> {
    await this.client.query(NOTE_ACTIONS, [[position], action, by, storable(reason), null, null]);
  }
}

/** What became of the calls of a delivery, by a person's word; of several, the last is the one that happened. */
export async function endUnresolved(client: PoolClient, position: string, state: IntentState): Promise<void> {
  const { rows } = await client.query<{ number: number }>(INTENTS_TO_RESOLVE, [position]);
  const meant = state === 'denied' ? rows : rows.slice(-1);
  const ended = meant.map(({ number }) => [position, number, state, 0]);
  if (ended.length > 0) await client.query(END_INTENTS, columnsOf(ended, 4));
}

export function effectUnknown(position: string): DeliveryRefusal {
  const words = `não se sabe se a chamada da entrega ${position} aconteceu: diga isso primeiro / whether the call of the delivery ${position} took effect is not known: say so first (resolve)`;
  return new DeliveryRefusal('unknown-effect', words);
}
