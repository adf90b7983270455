import { eventually } from '#libs/testing';
import type { World } from '../../world/world.ts';
import type { Scenario } from '../harness/scenario.ts';
import { calmWorld, clearFaults, CONNECTOR, loggedCalls, moveTitles, setFaults, weighed } from '../calm-world.ts';
import { unmet } from '../expectations.ts';
import { PROBES, RAMP_FROM } from '../ledger.sql.ts';
import { failedTries, ledger, openDeliveries, pauses } from '../ledger.ts';

const [TITLES, MOVEMENTS] = [300, 2];
const RAMP_SECONDS = 8;
/** By then the calls in hand have ended and the other replica has seen it; the first probe comes after 5 s. */
const SEEN_MS = 4_000;
/** What opens a breaker, in each of two replicas, and the calls in hand. */
const ATTEMPTS_TO_LEARN = 10 + 10 + 8;

export const scenario: Scenario = {
  name: 'down-with-a-backlog',
  rows: [49, 50, 51],
  says: 'A partner that is down from the start spends no attempts of the backlog, parks nothing, and is met by a ramp.',
  minutes: 4,
  async run(chaos) {
    const { world } = await calmWorld(chaos);
    await world.startReplica(CONNECTOR, 'other');
    await setFaults(world, { status: 503 });
    await moveTitles(world, { titles: TITLES, movements: MOVEMENTS });
    const paused = async () => (await pauses(world, 'breaker'))[0] ?? false;
    const pause = await eventually(paused, { withinMs: 40_000, everyMs: 50 }).catch(() => undefined);
    if (!pause) return { broken: ['the breaker has not opened'] };
    await eventually(async () => (await probes(world)) >= 2, { withinMs: 120_000, everyMs: 100 });
    const spent = await failedTries(world);
    const open = await openDeliveries(world);
    const during = (await loggedCalls(world)).filter((call) => Date.parse(call.at) > pause.since.getTime() + SEEN_MS);
    const made = await probes(world);
    await clearFaults(world);
    const began = async () => (await ledger<{ ramp_from: Date | null }>(world, RAMP_FROM))[0]!.ramp_from ?? false;
    const rampFrom = (await eventually(began, { withinMs: 120_000, everyMs: 20 })) as Date;
    const { verdict, stuck, broken } = await weighed(world);
    const steep = aboveTheRamp(await firstCalls(world, rampFrom), rampFrom.getTime());
    const expected = unmet({
      [`${spent.counted} attempts spent until it was known`]: spent.counted <= ATTEMPTS_TO_LEARN && spent.most <= 2,
      'nothing waits for a person': open.parked === 0 && (await openDeliveries(world)).parked === 0,
      [`only probes call meanwhile: ${made}, and ${during.length} calls were made`]: during.length <= made,
      'the whole backlog waits': open.pending === TITLES * MOVEMENTS,
    });
    const note = `${open.pending} waited, ${spent.counted} attempts spent, ${made} probes`;
    return { verdict, stuck, broken: [...broken, ...expected, ...steep], note };
  },
};

async function probes(world: World): Promise<number> {
  return (await ledger<{ probes: number }>(world, PROBES))[0]?.probes ?? 0;
}

/** When each delivery was called for the first time after the pause, the probe that ended it aside. */
async function firstCalls(world: World, from: Date): Promise<number[]> {
  const first = new Map<string, number>();
  for (const { idempotencyKey = '', at, fault } of await loggedCalls(world)) {
    const instant = Date.parse(at);
    if (fault || instant < from.getTime() || first.has(idempotencyKey)) continue;
    first.set(idempotencyKey, instant);
  }
  return [...first.values()];
}

/** By the end of its nth second 1 + 2 + 4 … may have been called, and no more; a call comes after its claim. */
function aboveTheRamp(calledAt: readonly number[], from: number): string[] {
  return Array.from({ length: RAMP_SECONDS }, (_, second) => {
    const called = calledAt.filter((at) => at < from + (second + 1) * 1_000).length;
    const most = 2 ** (second + 1) - 1;
    return called > most
      ? [`${called} deliveries within ${second + 1} s of the pause's end, and the ramp has ${most}`]
      : [];
  }).flat();
}
