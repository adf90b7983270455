import { connect } from 'amqplib';
import { eventually, isEven, weigh, type ParkedItem, type TakenCall } from '#libs/testing';
import type { World, WorldOptions } from '../world/world.ts';
import type { Chaos, Finding } from './harness/scenario.ts';
import { DELIVERED, LET_RETRIES_COME } from './ledger.sql.ts';
import { ledger, openDeliveries } from './ledger.ts';

export const ACCOUNT = 'storm';
export const COMPANY = '1';
export const CONNECTOR = 'customerx-connector';

/** On a machine much slower than any it should run on. */
const USUAL_WITHIN_MS = 120_000;

/** A call as the sandbox logs it. */
export interface LoggedCall extends TakenCall {
  n: number;
  at: string;
  path: string;
  status: number | null;
  body: string;
  bodyHash: string;
  fault?: string;
}

export interface CalmWish {
  options?: WorldOptions;
  /** Over those that send as things come, with a short deadline: a dead process' lanes come back soon. */
  settings?: Record<string, unknown>;
}

/** One company that sends to one account, everything well. */
export async function calmWorld(chaos: Chaos, wish: CalmWish = {}): Promise<{ world: World; id: string }> {
  const world = await worldWithoutAudit(chaos, wish.options);
  await world.openAccounts([ACCOUNT]);
  const settings = { deadlineSeconds: 2, ...wish.settings };
  const { id } = await world.integrate({ company: COMPANY, account: ACCOUNT, settings });
  return { world, id };
}

/** The ERP, the reader, the connector and CustomerX; what the audit would take goes into its queue, and stays there. */
export async function worldWithoutAudit(chaos: Chaos, options?: WorldOptions): Promise<World> {
  const world = await chaos.world(options);
  await Promise.all([world.start('sandbox'), declareAuditQueue(world)]);
  await Promise.all([world.start(CONNECTOR), world.start('erp-outbox-reader')]);
  return world;
}

export async function declareAuditQueue(world: World): Promise<void> {
  const connection = await connect(world.settingsOf(CONNECTOR).AMQP_URL!);
  connection.on('error', () => undefined);
  try {
    const channel = await connection.createChannel();
    await channel.assertQueue('audit.events', { durable: true, arguments: { 'x-queue-type': 'quorum' } });
    for (const exchange of ['erp.events', 'ponte.events']) {
      await channel.assertExchange(exchange, 'topic', { durable: true });
      await channel.bindQueue('audit.events', exchange, '#');
    }
  } finally {
    await connection.close();
  }
}

export interface Movements {
  titles: number;
  movements: number;
  seed?: number;
  ratePerSecond?: number;
}

/** Titles of the company move; resolves when the last movement is committed. */
export function moveTitles(world: World, { titles, movements, seed = 7, ratePerSecond }: Movements): Promise<unknown> {
  const wish = { companies: 1, titles, movementsPerTitle: movements, seed, ratePerSecond };
  return world.ask('sandbox', 'POST', '/erp/generate', wish);
}

/** @see apps/sandbox/README.md */
export async function setFaults(world: World, faults: Record<string, unknown>): Promise<void> {
  await world.ask('sandbox', 'PUT', '/control/customerx/faults', faults);
}

/** @returns how many calls they hit */
export async function clearFaults(world: World): Promise<number> {
  const { hit } = await world.ask<{ hit: number }>('sandbox', 'GET', '/control/customerx/faults');
  await world.ask('sandbox', 'DELETE', '/control/customerx/faults');
  return hit;
}

export async function loggedCalls(world: World): Promise<LoggedCall[]> {
  return (await world.calls()) as LoggedCall[];
}

/** How many deliveries have had their effect at the partner, as far as it is on record. */
export async function arrived(world: World): Promise<number> {
  return (await ledger<{ delivered: number }>(world, DELIVERED))[0]!.delivered;
}

export function untilArrived(world: World, wanted: number, withinMs = USUAL_WITHIN_MS): Promise<unknown> {
  return eventually(async () => (await arrived(world)) >= wanted, { withinMs, everyMs: 100 });
}

/** The same, and the waits between tries are passed over: they are not what is looked at. */
export function untilArrivedAtOnce(world: World, wanted: number, withinMs = USUAL_WITHIN_MS): Promise<unknown> {
  const hasArrived = async () => {
    await ledger(world, LET_RETRIES_COME);
    return (await arrived(world)) >= wanted;
  };
  return eventually(hasArrived, { withinMs, everyMs: 250 });
}

/** Sends again whatever waits for a person. @returns the redrive's id */
export async function redriveAll(world: World, expectedCount: number): Promise<string> {
  const wish = { filter: {}, reason: 'the partner was set right', perSecond: 500, expectedCount };
  return (await world.ask<{ id: string }>(CONNECTOR, 'POST', '/redrives', wish)).id;
}

export interface Weighing {
  withinMs?: number;
  /** What is expected to wait for a person. */
  parked?: readonly ParkedItem[];
  /** Whether CustomerX must show what the ERP has. */
  shows?: boolean;
  /** Calls that are weighed; the others the ERP's outbox knows nothing of. */
  of?: (call: LoggedCall) => boolean;
}

/**
 * The balance once everything has come to its end, with what CustomerX shows beside what the ERP has. What is still in
 * the ledger when the time is over is stuck, and not lost.
 */
export async function weighed(
  world: World,
  { withinMs = USUAL_WITHIN_MS, parked = [], shows = true, of = () => true }: Weighing = {},
): Promise<Required<Pick<Finding, 'verdict' | 'stuck' | 'broken'>>> {
  const accountOf = (company: string) => (company === COMPANY ? ACCOUNT : undefined);
  const weighNow = async () => weigh(await world.committed(accountOf), (await loggedCalls(world)).filter(of), parked);
  const isOver = async () => (await openDeliveries(world)).pending === 0 && (await weighNow()).lost.length === 0;
  await eventually(isOver, { withinMs, everyMs: 500 }).catch(() => undefined);
  const verdict = await weighNow();
  const { pending } = await openDeliveries(world);
  if (verdict.lost.length > 0 && pending > 0) {
    const stuck = [`${pending} deliveries still wait: ${verdict.lost.slice(0, 2).join('; ')}`];
    return { verdict: { ...verdict, lost: [] }, stuck, broken: [] };
  }
  const broken = shows && isEven(verdict) ? await differences(world) : [];
  return { verdict, stuck: [], broken };
}

async function differences(world: World): Promise<string[]> {
  return (await world.compare(COMPANY, ACCOUNT)).map(
    ({ title, field, erp, customerx }) => `CustomerX shows ${field} ${customerx} of ${title}, the ERP has ${erp}`,
  );
}
