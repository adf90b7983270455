import { Clock } from '#libs/runtime';
import { addDays } from './calendar.js';
import { stepOn, type Origin, type Step } from './commit-steps.js';
import type { Erp } from './erp.js';
import { openingStep, toNewTitle } from './new-title.js';
import { Pace, type BulkReport } from './pace.js';
import { randomFrom, type Random } from './random.js';
import { registerWhatTitlesName } from './registers.js';
import { adjust, cancel, remove, reverseSettlement, settle, type TitleChange } from './title-changes.js';
import { liveSettlements, openCents, type Title } from './title.js';

export interface GenerateWish {
  /** Titles are dealt to companies `1`, `2`, … in turn. */
  companies: number;
  titles: number;
  /** The entry is the first of them, so the run writes `titles × movementsPerTitle` outbox rows. */
  movementsPerTitle: number;
  /** The same seed makes the same movements on new title numbers. */
  seed: number;
  ratePerSecond?: number;
}

/** Titles alive at once; each round moves every one of them, so the rows of one title lie far apart in the outbox. */
const COHORT = 2_000;
const FIRST_ISSUE_DATE = '2026-01-05';
const BRANCHES = ['01', '02', '03'];

/** Opens titles and moves them by chance, in bounded transactions, order per title kept. */
export async function generate(erp: Erp, wish: GenerateWish, clock: Clock): Promise<BulkReport & { titles: number }> {
  const pace = new Pace(clock, wish.ratePerSecond);
  const origin: Origin = { actor: `generator ${wish.seed}` };
  for (let first = 0; first < wish.titles; first += COHORT) {
    const cohort = await newTitles(erp, wish, { first, count: Math.min(COHORT, wish.titles - first) }, origin);
    for (let round = 1; round <= wish.movementsPerTitle; round++) {
      const steps = cohort.map((title, at) =>
        stepOf(title, { round, last: wish.movementsPerTitle, seed: `${wish.seed}/${first + at}` }),
      );
      await commitRound(erp, steps, origin, pace);
    }
  }
  return { titles: wish.titles, ...pace.report() };
}

/** In transactions of the pace's size, one after the other. */
export async function commitPaced(erp: Erp, steps: readonly Step[], origin: Origin, pace: Pace): Promise<void> {
  for (let at = 0; at < steps.length; at += pace.batchSize) {
    const made = await erp.commit(steps.slice(at, at + pace.batchSize), origin);
    await pace.after(made.length);
  }
}

/** One step per title: two transactions at a time, since neither waits for a title of the other. */
async function commitRound(erp: Erp, steps: readonly Step[], origin: Origin, pace: Pace): Promise<void> {
  const half = Math.ceil(steps.length / 2);
  const halves = [steps.slice(0, half), steps.slice(half)];
  await Promise.all(halves.map((one) => commitPaced(erp, one, origin, pace)));
}

async function newTitles(
  erp: Erp,
  wish: GenerateWish,
  { first, count }: { first: number; count: number },
  origin: Origin,
): Promise<Title[]> {
  const numbers = await erp.nextTitleNumbers(count);
  const titles = numbers.map((number, at) => {
    const place = first + at;
    const random = randomFrom(`${wish.seed}/${place}`);
    const issueDate = addDays(FIRST_ISSUE_DATE, random.upTo(200));
    return toNewTitle({
      company: String(1 + (place % wish.companies)),
      branch: random.oneOf(BRANCHES),
      customerId: `C${1 + random.upTo(Math.ceil(wish.titles / 5))}`,
      number,
      issueDate,
      dueDate: addDays(issueDate, 30),
      amount: 1_000n + BigInt(random.upTo(990_000)),
    });
  });
  await registerWhatTitlesName(erp.pool, titles, origin);
  return titles;
}

interface Turn {
  round: number;
  last: number;
  seed: string;
}

function stepOf(title: Title, turn: Turn): Step {
  if (turn.round === 1) return openingStep(title);
  return stepOn(title, (now) => moveByChance(now, turn));
}

/** A movement the title allows: only the last round may close it for good. */
function moveByChance(title: Title, { round, last, seed }: Turn): TitleChange {
  const random = randomFrom(`${seed}/${round}`);
  const date = addDays(title.issueDate, round);
  const live = liveSettlements(title);
  if (title.status === 'settled') return reverseSettlement(title, live.at(-1)!.id, date);
  if (round === last) return random.oneOf(closings(title, date, live.length > 0))();
  return random.oneOf(movements(title, date, random))();
}

function closings(title: Title, date: string, hasReceipts: boolean): (() => TitleChange)[] {
  const inFull = () => settle(title, { date });
  return [inFull, inFull, inFull, () => (hasReceipts ? cancel(title, date) : remove(title, date))];
}

function movements(title: Title, date: string, random: Random): (() => TitleChange)[] {
  const owed = openCents(title);
  const live = liveSettlements(title);
  const fine = owed / 50n; // 2 %, the most the consumer code allows
  const always = [
    () => adjust(title, { kind: 'due-date', date, dueDate: addDays(title.dueDate, 1 + random.upTo(30)) }),
    () => settle(title, { date }),
  ];
  const undo = live.length > 0 ? [() => reverseSettlement(title, random.oneOf(live).id, date)] : [];
  if (owed < 1_000n) return [...always, ...undo];
  return [
    ...always,
    ...undo,
    () => adjust(title, { kind: 'discount', date, amount: owed / 20n }),
    () => adjust(title, { kind: 'fine', date, amount: fine }),
    () => adjust(title, { kind: 'interest', date, amount: owed / 100n }),
    () => settle(title, { date, amount: owed / 2n }),
    () => settle(title, { date, amount: owed / 3n, discount: owed / 50n }),
    () => settle(title, { date, amount: owed / 4n + fine, fine, creditedOn: addDays(date, 1) }),
  ];
}
