import type { PoolClient } from 'pg';
import { DeliveryRefusal } from './delivery-refusal.js';
import { effectUnknown } from './delivery-resolution.js';
import { NOTE_ACTIONS } from './deliveries.sql.js';
import * as sql from './deliveries-edit.sql.js';
import type { DeliveryRow } from './delivery-report.js';
import type { OutcomeWriter } from './outcome-events.js';
import { writeOutcomes } from './outcome-rows.js';
import { MOVE_OPERATION_KEY, PAID_FACTS } from './paid.sql.js';
import { storable } from './storable.js';
import { toTold, type ToldRow } from './told-row.js';
import { writeVerdictRows } from './verdict-rows.js';

export interface EditWish {
  body: object;
  by: string;
  reason: string;
}

/** Within a transaction that holds the lane, which nobody else has in hand: an original and what takes its place. */
export class DeliveryEdit {
  constructor(
    private readonly client: PoolClient,
    private readonly outcomes: OutcomeWriter,
    private readonly laneKey: string,
  ) {}

  /**
   * The original is settled as it is; the new one comes before whatever waits on the lane, and what other lanes wait for
   * is the new one too. @param open the original's row, where it is not settled yet
   * @returns the new one's position @throws DeliveryRefusal
   */
  async replace(original: string, open: DeliveryRow | undefined, wish: EditWish): Promise<string> {
    await this.requireRepeatable(original, open);
    if (!open) await this.requireLatest(original);
    const position = await this.freePosition(original);
    if (open) await this.settle(open, position, wish);
    const values = [original, position, JSON.stringify(wish.body)];
    const placed = (await this.client.query<ToldRow>(sql.PUT_IN_PLACE, values)).rows[0];
    if (!placed) throw new DeliveryRefusal('not-found', `there is no delivery ${original}`);
    const { by, reason } = wish;
    await this.client.query(MOVE_OPERATION_KEY, [original, position]);
    await this.client.query(NOTE_ACTIONS, [[original], 'edited', by, storable(reason), null, position]);
    const told = { ...toTold(placed), laneKey: this.laneKey };
    await writeOutcomes(this.client, [this.outcomes.retried(told, by, { reason, replaces: original })]);
    return position;
  }

  /**
   * Another body goes under another idempotency key. What was paid for or cannot be taken back is not edited once it is
   * through, nor while a call of it may have taken effect.
   */
  private async requireRepeatable(original: string, open: DeliveryRow | undefined): Promise<void> {
    type Row = { paid: boolean; found_absent: boolean };
    const { paid, found_absent: foundAbsent } = (await this.client.query<Row>(PAID_FACTS, [original])).rows[0]!;
    if (!paid) return;
    if (!open) {
      const words = `the delivery ${original} is paid for or cannot be taken back: ask for another one instead`;
      throw new DeliveryRefusal('only-once', words);
    }
    if (open.state === 'unknown' || foundAbsent) throw effectUnknown(original);
  }

  /** What is through comes once more only while nothing of its lane has come after it. */
  private async requireLatest(original: string): Promise<void> {
    type Row = { position: string; in_its_place: boolean };
    const newer = (await this.client.query<Row>(sql.OVERTAKEN_BY, [original])).rows[0];
    if (!newer) return;
    const { position, in_its_place: inItsPlace } = newer;
    if (inItsPlace) throw new DeliveryRefusal('replaced', `${position} was put in the place of ${original} before`);
    const words = `${position}, which is newer and of the same lane, was sent after ${original}: sent again now, the old one would undo it`;
    throw new DeliveryRefusal('overtaken', words);
  }

  private async freePosition(original: string): Promise<string> {
    await this.client.query(sql.LOCK_ROOM);
    const free = (await this.client.query<{ position: string }>(sql.FREE_POSITION, [original])).rows[0];
    if (!free) throw new DeliveryRefusal('no-room', `too much was put in the place of ${original} already: skip it`);
    return free.position;
  }

  private async settle(row: DeliveryRow, position: string, { by, reason }: EditWish): Promise<void> {
    const verdict = [row.position, row.tries, row.tries, row.attempts, 'superseded', storable(reason), null, by];
    await writeVerdictRows(this.client, { settled: [verdict] });
    const told = { ...toTold(row), laneKey: this.laneKey };
    await writeOutcomes(this.client, [this.outcomes.superseded(told, position, { actor: by, note: reason })]);
  }
}
