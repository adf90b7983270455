import { Client } from 'pg';
import type { World } from '../world/world.ts';
import * as sql from './ledger.sql.ts';

/** Looks into the connector's ledger, or turns a clock in it, over a connection of the moment. */
export async function ledger<Row = Record<string, unknown>>(
  world: World,
  statement: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const connectionString = world.databaseUrl('customerx-connector');
  // As the connector's own connections have it: what a trigger of its tables writes is found there.
  const client = new Client({ connectionString, options: '-c search_path=customerx,public' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(statement, values)).rows as Row[];
  } finally {
    await client.end();
  }
}

export interface OpenDeliveries {
  pending: number;
  parked: number;
  attempts: number;
}

export async function openDeliveries(world: World): Promise<OpenDeliveries> {
  return (await ledger<OpenDeliveries>(world, sql.OPEN_DELIVERIES))[0]!;
}

export interface FailedTries {
  failed: number;
  counted: number;
  most: number;
}

export async function failedTries(world: World): Promise<FailedTries> {
  return (await ledger<FailedTries>(world, sql.FAILED_TRIES))[0]!;
}

export interface StandingPause {
  reason: string;
  detail: string;
  since: Date;
  until: Date | null;
  seconds: number | null;
}

export function pauses(world: World, reason: string): Promise<StandingPause[]> {
  return ledger<StandingPause>(world, sql.STANDING_PAUSES, [reason]);
}
