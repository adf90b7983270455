import type { Pool } from 'pg';
import { refused, type Outcome } from '#libs/contracts';
import { readLaneFacts } from '#libs/delivery';
import { readTitles } from '#libs/receivables';
import { inTransaction } from '#libs/runtime';
import type { Integration } from '#libs/settings';
import type { Call } from './call.js';
import { readNoAnswer } from './no-token.js';
import type { PartnerSettings } from './partner-settings.js';
import { compare, isWrong, type Pair } from './reconciliation-comparison.js';
import type { NextPage, OpenReconciliation, ReconciliationBook } from './reconciliation-book.js';
import type { ExpectedRow, HeldPage, Reconciler } from './reconciliation.js';

/** How a step ended: there is more to do, now or later, all is done, it is somebody else's by now, or the partner is not to be had just now. */
export type Step =
  | { kind: 'more' }
  | { kind: 'rest'; until: Date }
  | { kind: 'done' }
  | { kind: 'lost' }
  | { kind: 'wait'; outcome: Outcome };

export interface StepOptions {
  pool: Pool;
  book: ReconciliationBook;
  connector: object;
  reconciler: Reconciler;
}

const TITLES_AT_ONCE = 200;
/** Rows that move up while pages are turned are looked for this often. */
const READINGS_MAX = 3;

/** The next page of what the partner holds. */
export async function readOnePage(
  { pool, book, connector, reconciler }: StepOptions,
  one: OpenReconciliation,
  call: Call<PartnerSettings>,
): Promise<Step> {
  const answer = await askForPage(connector, reconciler, one.page, call);
  if ('kind' in answer) return { kind: 'wait', outcome: answer };
  return inTransaction(pool, async (client) => {
    const ours = await book.lockOurs(client, one);
    if (!ours) return { kind: 'lost' };
    await book.keepPage(client, ours, answer, pageAfter(ours, answer));
    return answer.restUntil ? { kind: 'rest', until: answer.restUntil } : { kind: 'more' };
  });
}

/** A page that was deleted from lets rows of the next one move up unseen: then all pages are read once more. */
function pageAfter({ page, held: totalBefore, readings }: OpenReconciliation, { pages, total }: HeldPage): NextPage {
  const shrank = total !== undefined && totalBefore !== null && page > 1 && total < totalBefore;
  if (shrank && readings < READINGS_MAX) return { state: 'reading', page: 1, readings: readings + 1 };
  return page < pages ? { state: 'reading', page: page + 1, readings } : { state: 'comparing', page, readings };
}

async function askForPage(
  connector: object,
  { method }: Reconciler,
  page: number,
  call: Call<PartnerSettings>,
): Promise<HeldPage | Outcome> {
  type ReadPage = (page: number, call: Call<PartnerSettings>) => Promise<HeldPage | Outcome>;
  try {
    return await (connector as Record<string, ReadPage>)[method]!.call(connector, page, call);
  } catch (error) {
    return readNoAnswer(error) ?? refused(`a mistake of ours: ${(error as Error).message}`);
  }
}

/**
 * The next titles of the company, compared with what was read. One of another integration's is no extra of this one, where
 * both use the same account. @param isOurs whether the integration tells of the titles of a branch
 */
export async function compareSome(
  { pool, book, reconciler }: StepOptions,
  one: OpenReconciliation,
  { id, source, company, settings }: Integration<PartnerSettings>,
  isOurs: (branch: string) => boolean,
): Promise<Step> {
  return inTransaction(pool, async (client) => {
    const ours = await book.lockOurs(client, one);
    if (!ours) return { kind: 'lost' };
    const titles = await readTitles(client, { source, company, after: ours.comparedUpTo, limit: TITLES_AT_ONCE });
    const expected = titles.map(({ title }) => expectedOf(() => reconciler.options.expected(title, settings)));
    const names = expected.flatMap((row) => (typeof row === 'string' ? [] : [row.externalId]));
    const held = await book.takeHeld(client, ours.id, names);
    const pairs = titles.map((now, at): Pair => ({ now, expected: expected[at]!, held: heldOf(expected[at]!, held) }));
    const toTell = pairs.filter(({ now }) => isOurs(now.title.branch));
    const lanes = toTell.filter(isWrong).map((pair) => ({ key: laneOf(pair), subject: laneOf(pair) }));
    const facts = await readLaneFacts(client, id, lanes, ours.startedAt);
    const items = toTell.flatMap((pair) => compare(pair, facts.get(laneOf(pair)), ours.upTo));
    await book.keepCompared(
      client,
      ours.id,
      titles.map(({ title }) => title.receivableId),
      items,
    );
    if (titles.length === TITLES_AT_ONCE) return { kind: 'more' };
    await book.finish(client, ours.id, 'finished', null);
    return { kind: 'done' };
  });
}

function expectedOf(work: () => ExpectedRow): ExpectedRow | string {
  try {
    return work();
  } catch (error) {
    return (error as Error).message;
  }
}

function heldOf(expected: ExpectedRow | string, held: ReadonlyMap<string, Pair['held']>): Pair['held'] {
  return typeof expected === 'string' ? undefined : held.get(expected.externalId);
}

/** A title's lane is called as its events' subject. */
function laneOf({ now }: Pair): string {
  return `receivable/${now.title.receivableId}`;
}
