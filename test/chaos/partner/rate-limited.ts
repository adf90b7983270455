import { eventually } from '#libs/testing';
import type { World } from '../../world/world.ts';
import type { Scenario } from '../harness/scenario.ts';
import { calmWorld, CONNECTOR, loggedCalls, moveTitles, setFaults, weighed } from '../calm-world.ts';
import { unmet } from '../expectations.ts';
import { LET_PAUSES_END, TRIES_BY_REPLICA } from '../ledger.sql.ts';
import { failedTries, ledger, openDeliveries, pauses } from '../ledger.ts';

const TITLES = 60;
/** A pause is seen by the other replica within 250 ms; a call in hand ends; the rest is for a slow machine. */
const SEEN_MS = 2_000;

type Form = { says: string; headers: () => Record<string, string>; seconds: [number, number] };

const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1_000);
const FORMS: Form[] = [
  { says: 'seconds', headers: () => ({ 'retry-after': '6' }), seconds: [5, 7] },
  { says: 'a date', headers: () => ({ 'retry-after': inSeconds(8).toUTCString() }), seconds: [2, 8] },
  {
    says: 'a date that has passed',
    headers: () => ({ 'retry-after': inSeconds(-600).toUTCString() }),
    seconds: [0.9, 2],
  },
  {
    says: 'the end of the window',
    headers: () => ({ 'x-ratelimit-reset': String(Math.ceil(Date.now() / 1_000) + 8) }),
    seconds: [2, 9],
  },
  { says: 'nothing', headers: () => ({ 'x-ratelimit-remaining': '', 'x-ratelimit-reset': '' }), seconds: [28, 31] },
];

export const scenario: Scenario = {
  name: 'rate-limited',
  rows: [48],
  says: 'A 429, however it names its end, stops both replicas until then and spends no attempt.',
  async run(chaos) {
    const { world } = await calmWorld(chaos);
    await world.startReplica(CONNECTOR, 'other');
    const broken: string[] = [];
    for (const [at, form] of FORMS.entries()) broken.push(...(await meet(world, form, at)));
    const { verdict, stuck, broken: different } = await weighed(world);
    const replicas = await ledger(world, TRIES_BY_REPLICA);
    const { parked } = await openDeliveries(world);
    const expected = unmet({
      'no attempt was spent': (await failedTries(world)).counted === 0,
      'nothing waits for a person': parked === 0,
      'both replicas called': replicas.length === 2,
    });
    return { verdict, stuck, broken: [...broken, ...different, ...expected], note: `${FORMS.length} forms of a 429` };
  },
};

async function meet(world: World, { says, headers, seconds: [least, most] }: Form, at: number): Promise<string[]> {
  await setFaults(world, { status: 429, headers: headers(), for: 1 });
  const moving = moveTitles(world, { titles: TITLES, movements: 2, seed: at + 1 });
  const standing = async () => (await pauses(world, 'rate-limit'))[0] ?? false;
  const pause = await eventually(standing, { withinMs: 120_000, everyMs: 20 }).catch(() => undefined);
  if (!pause) return [`no pause after a 429 that says ${says}`];
  await moving;
  const isLong = pause.seconds! > 20;
  if (isLong) await ledger(world, LET_PAUSES_END, ['rate-limit']);
  const isOver = async () => (await pauses(world, 'rate-limit')).length === 0;
  await eventually(isOver, { withinMs: 120_000, everyMs: 50 });
  const [from, to] = [pause.since.getTime() + SEEN_MS, pause.until!.getTime()];
  const early = (await loggedCalls(world)).filter((call) => Date.parse(call.at) > from && Date.parse(call.at) < to);
  return unmet({
    [`a 429 that says ${says} pauses for ${least} to ${most} s, and it was ${pause.seconds}`]:
      pause.seconds! >= least && pause.seconds! <= most,
    [`nobody calls while it stands (${says}), and ${early.length} did`]: isLong || early.length === 0,
  });
}
