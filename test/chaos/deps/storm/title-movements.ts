import type { Verdict } from '#libs/testing';
import type { DepsInWorld } from '../../../world/deps.ts';
import type { World } from '../../../world/world.ts';
import { askErp } from '../../harness/erp-steps.ts';
import { COMPANY } from './deps-storm.ts';
import { COMMITTED } from './deps-storm.sql.ts';

/** What a title's movement is, whichever side tells of it. */
export interface TitleMovement {
  title: string;
  words: string;
}

interface CommittedRow {
  title: string;
  type: string;
  status: string;
  open: string;
  kind: string;
  date: string;
  amount: string;
}

/** As the manual has them: lançamento, cobrança, estorno de cobrança. */
const CHARGES = ['settlement', 'discount', 'fine', 'interest'];
const SITUATIONS: Record<string, string> = {
  open: 'ABERTO',
  'partially-settled': 'PARCIAL',
  settled: 'PAGO',
  canceled: 'CANCELADO',
  deleted: 'CANCELADO',
};

/** Title by title in the order of the ERP's outbox, in the words of DEPS. */
export async function committedMovements(world: World): Promise<TitleMovement[]> {
  const { rows } = await askErp<CommittedRow>(world, COMMITTED);
  return rows.map(({ title, type, status, open, kind, date, amount }) => {
    const isBack = kind === 'settlement-reversal' || amount.startsWith('-');
    const movement = isBack ? 'ESTORNO_COBRANCA' : CHARGES.includes(kind) ? 'COBRANCA' : 'LANCAMENTO';
    const situation = SITUATIONS[type === 'erp.receivable.deleted.v1' ? 'deleted' : status]!;
    return { title, words: `${movement} ${date} ${amount.replace('-', '')}, ${open} ${situation}` };
  });
}

/** Title by title in the order in which DEPS was told. */
export async function toldMovements(deps: DepsInWorld): Promise<TitleMovement[]> {
  const titles = await deps.titles(COMPANY);
  return titles.flatMap(({ idExterno: title, movements }) =>
    movements.map(({ movimento, dataMovimento, valorMovimento, valorAberto, situacao }) => ({
      title,
      words: `${movimento} ${dataMovimento} ${valorMovimento}, ${valorAberto} ${situacao}`,
    })),
  );
}

/** Each movement that was committed was told once, in its title's order, and nothing else was. */
export function weighMovements(committed: readonly TitleMovement[], told: readonly TitleMovement[]): Verdict {
  const verdict: Verdict = { lost: [], doubled: [], repeated: [], reordered: [], unexplained: [], delivered: 0 };
  const [wanted, heard] = [byTitle(committed), byTitle(told)];
  for (const title of new Set([...wanted.keys(), ...heard.keys()])) {
    const [want, hear] = [wanted.get(title) ?? [], heard.get(title) ?? []];
    const once = hear.filter((words, at) => hear.indexOf(words) === at);
    const known = once.filter((words) => want.includes(words));
    verdict.lost.push(
      ...named(
        title,
        want.filter((words) => !once.includes(words)),
      ),
    );
    verdict.doubled.push(
      ...named(
        title,
        hear.filter((words, at) => hear.indexOf(words) !== at),
      ),
    );
    verdict.unexplained.push(
      ...named(
        title,
        once.filter((words) => !want.includes(words)),
      ),
    );
    const inOrder = want.filter((words) => known.includes(words));
    verdict.reordered.push(
      ...named(
        title,
        known.filter((words, at) => words !== inOrder[at]),
      ),
    );
    verdict.delivered += known.length;
  }
  return verdict;
}

function byTitle(movements: readonly TitleMovement[]): Map<string, string[]> {
  const grouped = Map.groupBy(movements, ({ title }) => title);
  return new Map([...grouped].map(([title, some]) => [title, some.map(({ words }) => words)]));
}

function named(title: string, words: readonly string[]): string[] {
  return words.map((each) => `${title}: ${each}`);
}
