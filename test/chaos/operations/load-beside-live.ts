import { measureInitialLoad } from '../../load/initial-load.ts';
import { unmet } from '../expectations.ts';
import type { Scenario } from '../harness/scenario.ts';

const TITLES = 3_000;

export const scenario: Scenario = {
  name: 'load-beside-live',
  rows: [38],
  says: 'While three thousand open titles are read from the ERP and loaded, what enters meanwhile does not wait behind them.',
  minutes: 5,
  async run(chaos) {
    const world = await chaos.world({ environment: { 'erp-outbox-reader': { BACKFILL_ROWS_PER_SECOND: '20000' } } });
    await world.startAll();
    const load = await measureInitialLoad(world, { titles: TITLES, live: 10, concurrency: 8 });
    const behindMs = (load.seconds * 1_000) / 4;
    const broken = unmet({
      [`each title is there once, and ${load.notOnce} are not`]: load.notOnce === 0,
      [`a live title takes ${load.latency.during} ms, and a quarter of the load ${behindMs.toFixed(0)} ms`]:
        load.latency.during < behindMs,
    });
    const { before, during } = load.latency;
    return {
      broken,
      note: `${load.perSecond.toFixed(0)} titles/s; median way ${before} ms before, ${during} ms during`,
    };
  },
};
