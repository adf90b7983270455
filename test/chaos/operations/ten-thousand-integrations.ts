import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '#libs/testing';
import type { World } from '../../world/world.ts';
import { CONNECTOR, loggedCalls, worldWithoutAudit } from '../calm-world.ts';
import { unmet } from '../expectations.ts';
import type { Scenario } from '../harness/scenario.ts';
import { MAKE_IDLE_INTEGRATIONS } from './crowd/crowd.sql.ts';
import { ledger } from '../ledger.ts';

const IDLE = 10_000;
const BUSY = Array.from({ length: 10 }, (_, at) => String(at + 1));
const ROUNDS = 3;
const IDLE_MS = 4_000;
const MEMORY_MB = 350;
const TICKS_PER_SECOND = 100;

export const scenario: Scenario = {
  name: 'ten-thousand-integrations',
  rows: [38],
  says: 'Ten thousand integrations that stand still cost the ten that are busy neither time nor the process a core.',
  minutes: 5,
  async run(chaos) {
    const world = await worldWithoutAudit(chaos);
    await world.openAccounts(BUSY);
    for (const company of BUSY) await world.integrate({ company, account: company });
    await way(world); // the first of each opens its socket
    const before = await way(world);
    const idleBefore = await coresIdle(world);

    await world.kill(CONNECTOR);
    await ledger(world, MAKE_IDLE_INTEGRATIONS, [IDLE]);
    const startedAt = performance.now();
    await world.start(CONNECTOR);
    const startSeconds = (performance.now() - startedAt) / 1_000;
    await way(world);
    const during = await way(world);
    const idleDuring = await coresIdle(world);
    const memory = residentMb(world.app(CONNECTOR).pid);
    const broken = unmet({
      [`a title takes ${during} ms beside them, and ${before} ms before`]: during <= 3 * before + 500,
      [`standing still takes ${idleDuring.toFixed(2)} cores, and ${idleBefore.toFixed(2)} before`]:
        idleDuring <= idleBefore + 0.25,
      [`${memory} MB are at most ${MEMORY_MB}`]: memory <= MEMORY_MB,
    });
    const note = `median way ${before} ms alone, ${during} ms beside ${IDLE}; ${memory} MB; started in ${startSeconds.toFixed(1)} s`;
    return { broken, note };
  },
};

/** @returns the median of the ways of titles that enter in all busy companies at once, some times over, in ms */
async function way(world: World): Promise<number> {
  const enteredAt = new Map<string, number>();
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const company of BUSY) {
      const title = await world.ask<{ receivableId: string }>('sandbox', 'POST', '/erp/titles', {
        company,
        amount: '10.00',
      });
      enteredAt.set(`${company}/${title.receivableId}`, Date.now());
    }
  }
  const ways = await eventually(
    async () => {
      const created = (await loggedCalls(world)).filter(({ effect }) => effect === 'created');
      const at = new Map(created.map((call) => [`${call.account}/${call.externalId}`, Date.parse(call.at)]));
      return [...enteredAt].map(([title, entered]) => {
        if (!at.has(title)) throw new Error(`title ${title} has not arrived`);
        return at.get(title)! - entered;
      });
    },
    { withinMs: 90_000, everyMs: 250 },
  );
  return ways.toSorted((one, other) => one - other)[Math.floor(ways.length / 2)]!;
}

/** How many cores the connector takes while nothing moves. */
async function coresIdle(world: World): Promise<number> {
  const { pid } = world.app(CONNECTOR);
  const from = cpuSeconds(pid);
  await delay(IDLE_MS);
  return ((cpuSeconds(pid) - from) * 1_000) / IDLE_MS;
}

/** User and system time: the 14th and 15th word of the line, whose second, the name, stands in brackets. */
function cpuSeconds(pid: number): number {
  const words = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(words[11]) + Number(words[12])) / TICKS_PER_SECOND;
}

function residentMb(pid: number): number {
  return Math.round(Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1_024);
}
