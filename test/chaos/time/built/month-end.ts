import { businessMinutes } from '../../../../apps/erp-outbox-reader/src/silence/business-hours.ts';
import { readBusinessHours } from '../../../../apps/erp-outbox-reader/src/silence/read-business-hours.ts';
import { nextWindow, windowOf } from '#libs/delivery';
import { unmet } from '../../expectations.ts';

const ZONE = 'America/Sao_Paulo';
const YEARS = [2026, 2027, 2028];
const HOURS = readBusinessHours({ hours: '1-5 08:00-18:00', zone: ZONE, holidays: '12-25,01-01,2027-02-09' });
const DAY_MINUTES = 600;

/** Brazil has had no summer time since 2019: its midnight is 03:00 UTC. */
function acrossMidnight(lastDay: Date): string[] {
  const evening = new Date(lastDay.getTime() + 26.9 * 3_600_000); // 23:54 there
  const midnight = new Date(lastDay.getTime() + 27 * 3_600_000);
  const first = midnight.toISOString().slice(0, 10);
  return unmet(
    Object.fromEntries(
      [900, 7_200, 86_400, 604_800].flatMap((seconds) => {
        const next = nextWindow(evening, seconds, ZONE);
        const named = windowOf(midnight, seconds, ZONE);
        return [
          [`after ${evening.toISOString()} the window of ${seconds} s opens at midnight`, +next.opensAt === +midnight],
          [`it is called ${first}T00:00, and not ${next.local}`, next.local === `${first}T00:00`],
          [`it is the one of its instant: ${named.local}`, named.local === next.local],
        ];
      }),
    ) as Record<string, boolean>,
  );
}

function holidays(): string[] {
  const worked = (from: string, to: string) => businessMinutes(new Date(from), new Date(to), HOURS);
  return unmet({
    'from Wednesday 30 December to Monday 4 January there are two days of business':
      worked('2026-12-30T18:00:00-03:00', '2027-01-04T18:00:00-03:00') === DAY_MINUTES + DAY_MINUTES,
    'New Year counts for no minute': worked('2027-01-01T00:00:00-03:00', '2027-01-02T00:00:00-03:00') === 0,
    'Carnival of one year is none of the next':
      worked('2027-02-09T00:00:00-03:00', '2027-02-10T00:00:00-03:00') === 0 &&
      worked('2028-02-09T00:00:00-03:00', '2028-02-10T00:00:00-03:00') === DAY_MINUTES,
    '29 February is a day like any other':
      worked('2028-02-29T00:00:00-03:00', '2028-03-01T00:00:00-03:00') === DAY_MINUTES,
  });
}

function lastDayOf(year: number, month: number): Date {
  return new Date(Date.UTC(year, month + 1, 0));
}

const ends = YEARS.flatMap((year) => Array.from({ length: 12 }, (_, month) => lastDayOf(year, month)));
const broken = [...ends.flatMap(acrossMidnight), ...holidays()];
process.send!({ broken, note: `${ends.length} month ends` });
