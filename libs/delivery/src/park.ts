import type { PoolClient } from 'pg';
import type { ParkedKind } from '#libs/contracts';
import { maskWords } from '#libs/runtime';
import type { Arrival } from './arrival.js';
import { INSERT_PARKED } from './intake.sql.js';
import type { OutcomeWriter } from './outcome-events.js';
import { writeOutcomes } from './outcome-rows.js';
import { storable, storableJson } from './storable.js';

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

/** As it is kept: what was thrown may repeat the data it stumbled over. */
export function parkedReason(reason: string, about?: unknown): string {
  return storable(maskWords(reason.slice(0, 2 * REASON_MAX), about).slice(0, REASON_MAX));
}

/** Keeps the bytes as they came, with the reason; says so to the world, but for what only waits behind another. */
export async function parkArrival(
  client: PoolClient,
  options: ParkOptions,
  arrival: Arrival,
  wish: ParkWish,
): Promise<void> {
  const { facts, key, raw, hash } = arrival;
  const state = wish.kind === 'waiting' || wish.kind === 'unknown-type' ? wish.kind : 'parked';
  const reason = parkedReason(wish.reason, arrival.event?.data);
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
    storableJson(keptProperties(raw)),
    facts?.branch ?? null,
  ]);
  const parkedId = rows[0]?.id;
  if (!parkedId || wish.kind === 'waiting') return;
  const heldKey = wish.holds ? key : undefined;
  const parked = { parkedId, kind: wish.kind, reason, heldKey, integrationId: wish.integrationId };
  await writeOutcomes(client, [options.outcomes.eventParked(facts, parked)]);
}

/** What reading it again needs: attributes, and who published it first. Other headers are anybody's, a dead letter's error with the whole body in it, say. */
function keptProperties({ properties: { headers, ...properties } }: Arrival['raw']): Arrival['raw']['properties'] {
  const attributes = Object.entries(headers ?? {}).filter(([name]) => /^(cloudEvents[:_]|ponte-)/.test(name));
  return { ...properties, headers: Object.fromEntries(attributes) };
}
