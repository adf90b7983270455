import { connect } from 'amqplib';
import { eventually, weigh, type ParkedItem, type TakenCall } from '#libs/testing';
import type { World } from '../../world/world.ts';
import { fallen } from './due-dates.ts';
import type { Finding } from './scenario.ts';

export const COMPANY = '1';
export const ACCOUNT = 'storm';
const USUAL_WITHIN_MS = 120_000;
/** What a process has in hand shows nowhere: it has so long to show again. */
const LOST_AFTER_MS = 8_000;

/** Company 1 sends as things come, with a short deadline: a dead process' lanes come back soon. */
export async function integrateCompany(world: World, settings: Record<string, unknown> = {}): Promise<string> {
  await world.openAccounts([ACCOUNT]);
  const wish = { company: COMPANY, account: ACCOUNT, settings: { deadlineSeconds: 5, ...settings } };
  return (await world.integrate(wish)).id;
}

/** Everything up and company 1 integrated. */
export async function startCalm(world: World, settings: Record<string, unknown> = {}): Promise<string> {
  await world.startAll();
  return integrateCompany(world, settings);
}

export interface Movements {
  titles: number;
  perTitle: number;
  ratePerSecond?: number;
  seed?: number;
}

/** Writes titles × perTitle events of company 1; resolves when the last is committed. */
export function move(world: World, { titles, perTitle, ratePerSecond, seed = 7 }: Movements): Promise<unknown> {
  return world.ask('sandbox', 'POST', '/erp/generate', {
    companies: 1,
    titles,
    movementsPerTitle: perTitle,
    seed,
    ...(ratePerSecond !== undefined && { ratePerSecond }),
  });
}

/** Resolves when so many calls have had their effect at the partner. */
export async function effects(world: World, wanted: number, withinMs = USUAL_WITHIN_MS): Promise<void> {
  const enough = async () => {
    const { length } = await callsWithEffect(world);
    if (length < wanted) throw new Error(`${length} of ${wanted} calls have had their effect`);
  };
  await eventually(enough, { withinMs, everyMs: 200 });
}

export async function callsWithEffect(world: World): Promise<TakenCall[]> {
  return (await world.calls()).filter(({ effect }) => effect !== 'none');
}

export interface Weighing {
  withinMs?: number;
  /** What is expected to wait for a person. */
  parked?: readonly ParkedItem[];
  /** Titles moved by steps of the ERP's, whose due dates rise with every one. */
  rising?: readonly string[];
  /** Found by the scenario itself. */
  broken?: string[];
  note?: string;
}

/**
 * Waits until everything has come and nothing is on its way any more, then weighs what the ERP committed against what the
 * partner acted on, and compares the two sides' titles. What is still on its way when the time is over is stuck; what has
 * not come although nothing has been on its way for a while is lost.
 */
export async function weighed(world: World, weighing: Weighing = {}): Promise<Finding> {
  const { withinMs = USUAL_WITHIN_MS, parked = [], rising = [], broken = [], note } = weighing;
  const weighNow = async () => {
    const calls = await world.calls();
    const held = heldByTitle(await openDeliveries(world));
    const verdict = weigh(await world.committed(() => ACCOUNT), calls, [...parked, ...held]);
    return { ...verdict, reordered: [...verdict.reordered, ...fallen(calls, rising)] };
  };
  let stillSince = Infinity;
  const isOver = async () => {
    try {
      await requireStill(world);
      stillSince = Math.min(stillSince, performance.now());
    } catch (error) {
      stillSince = Infinity;
      throw error;
    }
    return (await weighNow()).lost.length === 0 || performance.now() - stillSince > LOST_AFTER_MS;
  };
  const stuck = await eventually(isOver, { withinMs, everyMs: 250 }).then(
    () => [],
    (error: Error) => [error.message],
  );
  const verdict = await weighNow();
  if (stuck.length > 0) return { stuck, broken, note, verdict: { ...verdict, lost: [] } };
  const open = (await openDeliveries(world)).filter(({ state }) => state === 'parked');
  if (open.length > 0) {
    const [{ subject, reason }] = open as [OpenDelivery];
    return {
      verdict,
      note,
      broken: [...broken, `${open.length} deliveries are parked, the first ${subject}: ${reason}`],
    };
  }
  const differences = parked.length > 0 ? [] : await world.compare(COMPANY, ACCOUNT);
  const shown = differences.map((difference) => `the partner shows something else: ${JSON.stringify(difference)}`);
  return { verdict, broken: [...broken, ...shown], note };
}

/** @throws Error naming what is on its way, the furthest back first */
async function requireStill(world: World): Promise<void> {
  const { backlog, paused } = await relayReport(world);
  if (backlog.waiting > 0) throw new Error(`${backlog.waiting} rows wait in the outbox (${JSON.stringify(paused)})`);
  const queued = await messagesIn(world, 'customerx-connector.events');
  if (queued > 0) throw new Error(`${queued} events wait in the connector's queue`);
  const all = await openDeliveries(world);
  const held = new Set(heldByTitle(all).map(({ externalId }) => externalId));
  const open = all.filter((delivery) => !held.has(titleOf(delivery)));
  if (open.length === 0) return;
  const [{ subject, state, reason }] = open as [OpenDelivery];
  throw new Error(`${open.length} deliveries are open, the first ${subject}, ${state}: ${reason ?? 'not tried yet'}`);
}

/** What a parked delivery holds waits for a person, itself and all behind it. */
function heldByTitle(open: readonly OpenDelivery[]): ParkedItem[] {
  const parked = new Set(open.filter(({ state }) => state === 'parked').map(titleOf));
  const behind = Map.groupBy(open, titleOf);
  return [...parked].map((title) => ({ account: ACCOUNT, externalId: title, count: behind.get(title)!.length }));
}

function titleOf({ subject }: OpenDelivery): string {
  return subject.replace('receivable/', '');
}

/** What the probe gives once it gives anything but false. */
export async function until<T>(probe: () => Promise<T | false>, withinMs = 90_000): Promise<T> {
  return (await eventually(probe, { withinMs, everyMs: 100 })) as T;
}

export interface RelayView {
  leading: boolean;
  paused: Record<string, string>;
  published: number;
  unconfirmed: number;
  inMemory: number;
  backlog: { waiting: number; parked: number };
}

export function relayReport(world: World): Promise<RelayView> {
  return world.ask<RelayView>('erp-outbox-reader', 'GET', '/relay');
}

/** Resolves with the sentence when the reader says that it is paused for this cause. */
export function pausedFor(world: World, cause: string, withinMs = 60_000): Promise<string> {
  const sentence = async () => {
    const { paused } = await relayReport(world);
    if (!(cause in paused)) throw new Error(`the reader is not paused for ${cause}: ${JSON.stringify(paused)}`);
    return paused[cause]!;
  };
  return eventually(sentence, { withinMs, everyMs: 200 });
}

/** Resolves when the reader is paused for nothing. */
export async function flowing(world: World, withinMs = 60_000): Promise<void> {
  const isFlowing = async () => {
    const { paused } = await relayReport(world);
    if (Object.keys(paused).length > 0) throw new Error(`the reader is paused: ${JSON.stringify(paused)}`);
  };
  await eventually(isFlowing, { withinMs, everyMs: 200 });
}

interface OpenDelivery {
  position: string;
  state: string;
  subject: string;
  reason: string | null;
}

export async function openDeliveries(world: World): Promise<OpenDelivery[]> {
  const page = await world.ask<{ items: OpenDelivery[] }>('customerx-connector', 'GET', '/deliveries?limit=100');
  return page.items;
}

export interface ParkedEventView {
  id: string;
  reasonCode: string;
  reason: string;
  subject: string | null;
  waitingBehind: number;
}

export async function parkedEvents(world: World): Promise<ParkedEventView[]> {
  return (await world.ask<{ items: ParkedEventView[] }>('customerx-connector', 'GET', '/parked-events')).items;
}

/** What is ready in a queue, asked of the broker itself; -1 when there is no such queue. */
export async function messagesIn(world: World, queue: string): Promise<number> {
  const connection = await connect(world.settingsOf('customerx-connector').AMQP_URL!);
  connection.on('error', () => undefined);
  try {
    const channel = await connection.createChannel();
    channel.on('error', () => undefined);
    return (await channel.checkQueue(queue)).messageCount;
  } finally {
    await connection.close().catch(() => undefined);
  }
}
