import type { PoolClient } from 'pg';
import type { ParkedKind } from '#libs/contracts';
import type { Arrival } from './arrival.js';
import { INSERT_PARKED } from './intake.sql.js';
import { writeOutcomes, type OutcomeWriter } from './outcome-events.js';

/** Seals the bytes of parked events: they are somebody's data and may stand for weeks. */
export interface PayloadVault {
  seal(content: Buffer): Buffer;
  open(sealed: Buffer): Buffer;
}

export interface ParkOptions {
  outcomes: OutcomeWriter;
  vault: PayloadVault;
  queue: string;
}

export interface ParkWish {
  kind: ParkedKind | 'waiting';
  reason: string;
  holds: boolean;
  integrationId?: string;
}

const REASON_MAX = 2_000;

/** Keeps the bytes as they came, with the reason; says so to the world, but for what only waits behind another. */
export async function parkArrival(
  client: PoolClient,
  options: ParkOptions,
  arrival: Arrival,
  wish: ParkWish,
): Promise<void> {
  const { facts, key, raw, hash } = arrival;
  const state = wish.kind === 'waiting' || wish.kind === 'unknown-type' ? wish.kind : 'parked';
  const reason = wish.reason.toWellFormed().replaceAll('\0', '\uFFFD').slice(0, REASON_MAX);
  const { rows } = await client.query<{ id: string }>(INSERT_PARKED, [
    state,
    facts?.source ?? null,
    facts?.company ?? null,
    key ?? null,
    facts?.id ?? null,
    facts?.type ?? null,
    facts?.subject ?? null,
    wish.integrationId ?? null,
    wish.holds,
    wish.kind,
    reason,
    options.queue,
    hash,
    options.vault.seal(raw.content),
    storableProperties(raw.properties),
  ]);
  const parkedId = rows[0]?.id;
  if (!parkedId || wish.kind === 'waiting') return;
  const heldKey = wish.holds ? key : undefined;
  const parked = { parkedId, kind: wish.kind, reason, heldKey, integrationId: wish.integrationId };
  await writeOutcomes(client, [options.outcomes.eventParked(facts, parked)]);
}

/** Headers of a stranger may hold anything: buffers, dates, characters no jsonb takes. */
function storableProperties(properties: Arrival['raw']['properties']): string {
  return JSON.stringify(properties, (_, value) =>
    typeof value === 'string' ? value.toWellFormed().replaceAll('\0', '\uFFFD') : value,
  );
}
