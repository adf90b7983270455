import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import type { World } from '../../test/world/world.ts';
import type { Ending } from './journey.ts';
import { chapter, say, table } from './story.ts';

const COMPANY = '1';
const ACCOUNT = 'historia';
const WITHIN_MS = 900_000;

/** Replays a receivables history: every invoice is opened and settled in the order of the dates, and must arrive. */
export async function runHistory(world: World, file: string): Promise<Ending> {
  const rows = parse(readFileSync(file), { columns: true, skip_empty_lines: true }) as Record<string, string>[];
  chapter(`The history: ${rows.length} invoices`);
  await world.openAccounts([ACCOUNT]);
  await world.integrate({ company: COMPANY, account: ACCOUNT });
  const startedAt = performance.now();
  await world.ask('sandbox', 'POST', `/erp/history?company=${COMPANY}&source=history`, { rows });
  const verdict = await world.settled(() => ACCOUNT, WITHIN_MS);
  const seconds = (performance.now() - startedAt) / 1000;
  say(
    `   ${verdict.delivered} events in ${seconds.toFixed(1)} s from the ERP's commit to CustomerX: ${Math.round(verdict.delivered / seconds)} a second.`,
  );
  const titles = await world.titles(COMPANY);
  const differing = await world.compare(COMPANY, ACCOUNT);
  const statuses = Map.groupBy(titles, (title) => title.status);
  table(
    ['invoices', 'in the ERP', 'differences'],
    [
      [
        String(titles.length),
        [...statuses].map(([status, some]) => `${some.length} ${status}`).join(', '),
        String(differing.length),
      ],
    ],
  );
  for (const one of differing.slice(0, 10))
    say(`   ${one.title}.${one.field}: ERP ${one.erp}, CustomerX ${one.customerx}`);
  const missing = rows.length - titles.length;
  if (missing !== 0) say(`   ${missing} invoices of the file are not in the ERP`);
  return { verdict, differences: differing.length + Math.abs(missing), titles: titles.length };
}
