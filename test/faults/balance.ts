import { Client } from 'pg';
import { eventually, weigh, type Verdict } from '#libs/testing';
import type { World } from '../world/world.ts';
import { AUDITED, ERP_EVENTS, OPEN_DELIVERIES, OPEN_ROWS } from './balance.sql.ts';

const QUIET_LOOKS = 12;

/** What became of some titles, at the partner and in what was told of it. */
export interface Balance {
  verdict: Verdict;
  /** Outcomes and audit entries that are missing, twice there or out of order. */
  told: string[];
}

interface ErpEvent {
  id: string;
  title: string;
  sequence: number;
}

interface Entry {
  event_id: string;
  cause_id: string | null;
  reading: 'event' | 'outcome';
  type: string;
}

/** Titles the ERP has; a balance over those that come later leaves them out. */
export async function titlesOf(world: World): Promise<Set<string>> {
  return new Set((await eventsOf(world)).map(({ title }) => title));
}

interface BalanceWish {
  account: string;
  /** Titles that are left out. */
  known: ReadonlySet<string>;
  withinMs: number;
  /** Ends as soon as nothing is under way any more, whatever is missing. */
  mayLack?: boolean;
}

/** The balance of all titles but those known, when nothing is missing any more or `withinMs` is over. */
export async function settledBalance(world: World, wish: BalanceWish): Promise<Balance> {
  let balance: Balance | undefined;
  let quietLooks = 0;
  const isSettled = async () => {
    quietLooks = wish.mayLack && (await isQuiet(world)) ? quietLooks + 1 : 0;
    balance = await balanceOf(world, wish);
    return balance.verdict.lost.length + balance.told.length === 0 || quietLooks >= QUIET_LOOKS;
  };
  await eventually(isSettled, { withinMs: wish.withinMs, everyMs: 250 }).catch((error: Error) => {
    if (!balance) throw error;
  });
  return balance!;
}

/** Everything is published, and no delivery is open; what lies between the two takes less than a few looks. */
async function isQuiet(world: World): Promise<boolean> {
  const [outbox] = await rowsOf<{ open: number }>(world.erpAdminUrl, OPEN_ROWS);
  const [ledger] = await rowsOf<{ open: number }>(world.databaseUrl('customerx-connector'), OPEN_DELIVERIES);
  return outbox!.open + ledger!.open === 0;
}

async function balanceOf(world: World, { account, known }: BalanceWish): Promise<Balance> {
  const events = (await eventsOf(world)).filter(({ title }) => !known.has(title));
  const [calls, entries] = [await world.calls(), await entriesOf(world)];
  const committed = events.map(({ title, sequence }) => ({ account, externalId: title, sequence }));
  const ours = calls.filter(({ externalId }) => externalId === undefined || !known.has(externalId));
  return { verdict: weigh(committed, ours), told: weighEntries(events, entries) };
}

/** Each event audited once, its delivery told of once, and along a title in the order of the events. */
function weighEntries(events: readonly ErpEvent[], entries: readonly Entry[]): string[] {
  const audited = countBy(entries.filter(({ reading }) => reading === 'event').map(({ event_id: id }) => id));
  const delivered = entries
    .filter(({ type }) => type.endsWith('.delivery.delivered.v1'))
    .map((entry) => entry.cause_id!);
  const told = countBy(delivered);
  const byId = new Map(events.map((event) => [event.id, event]));
  return [
    ...events.flatMap((event) => [
      ...notOnce(audited.get(event.id), event, 'in the audit'),
      ...notOnce(told.get(event.id), event, 'told of as delivered'),
    ]),
    ...outOfOrder(delivered.flatMap((id) => byId.get(id) ?? [])),
  ];
}

function notOnce(times = 0, { title, sequence }: ErpEvent, where: string): string[] {
  return times === 1 ? [] : [`${title} #${sequence} is ${times} times ${where}`];
}

function outOfOrder(events: readonly ErpEvent[]): string[] {
  const last = new Map<string, number>();
  return events.flatMap(({ title, sequence }) => {
    const before = last.get(title) ?? 0;
    last.set(title, Math.max(before, sequence));
    return sequence < before ? [`${title} #${sequence} was told of after #${before}`] : [];
  });
}

function countBy(ids: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}

function eventsOf(world: World): Promise<ErpEvent[]> {
  return rowsOf<ErpEvent>(world.erpAdminUrl, ERP_EVENTS);
}

function entriesOf(world: World): Promise<Entry[]> {
  return rowsOf<Entry>(world.databaseUrl('audit'), AUDITED, ['1']);
}

async function rowsOf<Row>(connectionString: string, sql: string, values: unknown[] = []): Promise<Row[]> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    return (await client.query(sql, values)).rows as Row[];
  } finally {
    await client.end();
  }
}
