import type { World } from '../../world/world.ts';
import { until } from './movements.ts';

const WITHIN_MS = 60_000;

export interface Reconciled {
  /** Titles the partner lacks, or shows otherwise than the connector believes. */
  differing: number;
  /** Told again as they stand. */
  planned: number;
}

/** What a person does who doubts: the ERP's titles are told to the connector anew, both sides compared, the rest sent. */
export async function refillAndReconcile(world: World, integration: string): Promise<Reconciled> {
  await refill(world);
  const { reconciliationId } = await world.ask<{ reconciliationId: string }>(
    'customerx-connector',
    'POST',
    `/integrations/${integration}/reconciliations`,
  );
  const path = `/reconciliations/${reconciliationId}`;
  type Report = { finishedAt: string | null; counts: { kind: string; items: number }[] };
  const report = () => world.ask<Report>('customerx-connector', 'GET', path);
  const { counts } = await until(async () => {
    const found = await report();
    return found.finishedAt !== null && found;
  }, WITHIN_MS);
  const wanted = { kinds: ['missing', 'different'] };
  const { planned } = await world.ask<{ planned: number }>('customerx-connector', 'POST', `${path}/repair`, wanted);
  const differing = counts.filter(({ kind }) => wanted.kinds.includes(kind)).map(({ items }) => items);
  return { differing: differing.reduce((sum, items) => sum + items, 0), planned };
}

async function refill(world: World): Promise<void> {
  type Backfill = { id: string; state: string };
  const wish = { company: '1', aggregate: 'receivable' };
  const { id } = await world.ask<Backfill>('erp-outbox-reader', 'POST', '/backfills', wish);
  const isOver = async () =>
    (await world.ask<Backfill>('erp-outbox-reader', 'GET', `/backfills/${id}`)).state === 'finished';
  await until(isOver, WITHIN_MS);
}
