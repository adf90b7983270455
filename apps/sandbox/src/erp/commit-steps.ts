import type { PoolClient } from 'pg';
import { Problem, sqlStateOf } from '#libs/runtime';
import { INSERT_TITLES, LOCK_TITLES, READ_TITLES, UPDATE_TITLES, WRITE_OUTBOX, WRITE_SETTLEMENTS } from './erp.sql.js';
import { toReceivableMoved } from './receivable-data.js';
import type { TitleChange } from './title-changes.js';
import { rowToTitle, titleToRow, titleToSettlementRows, type TitleRow } from './title-rows.js';
import { titleLabel, type Title, type TitleKey } from './title.js';

/** One movement to make; `change` gets the title as it is under the lock and may decide, with undefined, to leave it. */
export interface Step {
  key: TitleKey;
  change: (title: Title | undefined) => TitleChange | undefined;
}

/** Who did it; `traceparent` ties the event to the request that caused it. */
export interface Origin {
  actor: string;
  traceparent?: string;
}

/** A movement that was made, and the outbox position of its event. */
export interface MadeChange extends TitleChange {
  position: string;
}

const UNIQUE_VIOLATION = '23505';

/**
 * The ERP's side of the promise, inside the caller's transaction: locks the titles, moves them, writes their rows,
 * then the outbox rows in the order of the steps. The locks are held until the caller commits, so the order of the
 * outbox is the order of the titles.
 * @throws Problem 404, 409 for a step the title does not allow; nothing is written then
 */
export async function commitSteps(client: PoolClient, steps: readonly Step[], origin: Origin): Promise<MadeChange[]> {
  const before = await lockTitles(client, steps);
  const after = new Map<string, Title>();
  const changes: TitleChange[] = [];
  for (const { key, change } of steps) {
    const made = change(after.get(keyText(key)) ?? before.get(keyText(key)));
    if (!made) continue;
    changes.push(made);
    after.set(keyText(key), made.title);
  }
  if (changes.length === 0) return [];
  await writeTitles(client, before, [...after.values()]);
  return writeOutbox(client, changes, origin);
}

/** A step on a title that must be there. */
export function stepOn(key: TitleKey, change: (title: Title) => TitleChange): Step {
  return {
    key,
    change: (title) => {
      if (title) return change(title);
      throw new Problem({ type: 'title-not-found', status: 404, detail: `There is no ${titleLabel(key)}.` });
    },
  };
}

async function lockTitles(client: PoolClient, steps: readonly Step[]): Promise<Map<string, Title>> {
  const keys = [...new Map(steps.map(({ key }) => [keyText(key), key])).values()];
  const parameters = [keys.map(({ company }) => company), keys.map(({ id }) => id)];
  const locked = await client.query(LOCK_TITLES, parameters);
  if (locked.rowCount === 0) return new Map();
  const { rows } = await client.query<TitleRow>(READ_TITLES, parameters);
  return new Map(rows.map((row) => [keyText(row), rowToTitle(row)]));
}

async function writeTitles(client: PoolClient, before: Map<string, Title>, after: Title[]): Promise<void> {
  const fresh = after.filter((title) => !before.has(keyText(title)));
  const moved = after.filter((title) => before.has(keyText(title)));
  if (fresh.length > 0) await insertTitles(client, fresh);
  if (moved.length > 0) await client.query(UPDATE_TITLES, [JSON.stringify(moved.map(titleToRow))]);
  const settlements = after.flatMap((title) => titleToSettlementRows(title, before.get(keyText(title))?.settlements));
  if (settlements.length > 0) await client.query(WRITE_SETTLEMENTS, [JSON.stringify(settlements)]);
}

async function insertTitles(client: PoolClient, titles: Title[]): Promise<void> {
  try {
    await client.query(INSERT_TITLES, [JSON.stringify(titles.map(titleToRow))]);
  } catch (error) {
    if (sqlStateOf(error) !== UNIQUE_VIOLATION) throw error;
    throw new Problem({
      type: 'title-exists',
      status: 409,
      detail: 'Somebody opened a title with this number at the same moment.',
    });
  }
}

async function writeOutbox(
  client: PoolClient,
  changes: TitleChange[],
  { actor, traceparent }: Origin,
): Promise<MadeChange[]> {
  const events = changes.map((change) => ({
    id: change.title.id,
    type: `erp.receivable.${change.verb}.v1`,
    payload: toReceivableMoved(change),
    company: change.title.company,
    branch: change.title.branch,
    sequence: change.title.sequence,
  }));
  const parameters = [JSON.stringify(events), actor, traceparent];
  const { rows } = await client.query<{ position: string }>(WRITE_OUTBOX, parameters);
  return changes.map((change, at) => ({ ...change, position: rows[at]!.position }));
}

function keyText({ company, id }: TitleKey): string {
  return `${company}\n${id}`;
}
