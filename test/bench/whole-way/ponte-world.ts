import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { World } from '../../world/world.ts';
import { Erp } from './erp.ts';
import type { QuickPartner } from './partner.ts';
import { untilRecorded } from './until-recorded.ts';

/** The apps a company runs; the sandbox only lends its ERP's tables here. */
export const MEASURED_APPS = ['erp-outbox-reader', 'customerx-connector', 'audit'] as const;
export type MeasuredApp = (typeof MEASURED_APPS)[number];
export type OfApps = Record<MeasuredApp, number>;

const COMPANY = '1';
const CALLS_AT_ONCE = 64;
const SETTLED = `select count(*)::int from customerx.delivery_settled where state = 'delivered'`;
const QUIET_MS = 3_000;
/** As the kit says it. */
const SAY_COMMITS =
  'create trigger erp_outbox_notify after insert on erp_outbox for each statement execute function erp_outbox_notify()';

/** Ponte's own apps, as in production, on a database and a vhost nobody has used, calling the partner given. */
export class PonteWorld {
  /** From the process' start to its first "ready", each started while the others ran. */
  readonly startMs: OfApps;
  readonly erp: Erp;
  private recorded = 0;
  private readonly world: World;

  private constructor(world: World, startMs: OfApps) {
    this.world = world;
    this.startMs = startMs;
    this.erp = new Erp(world.erpAdminUrl);
  }

  /** @param told whether the ERP says its commits and the reader listens */
  static async open(partner: QuickPartner, { told = false } = {}): Promise<PonteWorld> {
    const listens = { 'erp-outbox-reader': { OUTBOX_CHANNEL: 'erp_outbox' } };
    const world = await World.prepare(told ? { environment: listens } : {});
    const startMs = {} as OfApps;
    try {
      await world.start('sandbox');
      if (told) await sayCommits(world.erpAdminUrl);
      // The reader asks for queues that the others declare.
      for (const app of ['audit', 'customerx-connector', 'erp-outbox-reader'] as const) {
        const begun = performance.now();
        await world.start(app);
        startMs[app] = performance.now() - begun;
      }
      const settings = { baseUrl: `${partner.url}/api/v1`, concurrency: CALLS_AT_ONCE };
      await world.integrate({ company: COMPANY, account: 'bench', settings });
      return new PonteWorld(world, startMs);
    } catch (error) {
      await world.close();
      throw error;
    }
  }

  /** RSS of each app, in MB. */
  memoryMb(): OfApps {
    return ofApps((app) => residentMb(this.world.app(app).pid));
  }

  /** After what starting took has been let go. */
  async idleMemoryMb(): Promise<OfApps> {
    await delay(QUIET_MS);
    return this.memoryMb();
  }

  pidOf(app: MeasuredApp): number {
    return this.world.app(app).pid;
  }

  get databaseUrl(): string {
    return this.world.databaseUrl('customerx-connector');
  }

  /** @returns titles per second from the first commit to the last outcome recorded, and the most memory meanwhile */
  async carry(titles: number, withinMs: number): Promise<{ rate: number; memory: OfApps }> {
    const memory = this.watchMemory();
    const begunAt = await this.erp.openTitles(titles);
    const before = this.recorded;
    const { recordedAt, recorded } = await untilRecorded(this.databaseUrl, SETTLED, before + titles, withinMs);
    this.recorded = recorded;
    if (recorded < before + titles)
      throw new Error(`${recorded - before} of ${titles} titles were delivered within ${withinMs / 1_000} s`);
    return { rate: ((recorded - before) * 1_000) / (recordedAt - begunAt), memory: memory.stop() };
  }

  watchMemory(): { stop(): OfApps } {
    const highest = this.memoryMb();
    const timer = setInterval(() => {
      const now = this.memoryMb();
      for (const app of MEASURED_APPS) highest[app] = Math.max(highest[app], now[app]);
    }, 200);
    return {
      stop: () => {
        clearInterval(timer);
        return highest;
      },
    };
  }

  async close(): Promise<void> {
    await this.erp.close();
    await this.world.close();
  }
}

async function sayCommits(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(SAY_COMMITS);
  await client.end();
}

export function ofApps(value: (app: MeasuredApp) => number): OfApps {
  return Object.fromEntries(MEASURED_APPS.map((app) => [app, value(app)])) as OfApps;
}

function residentMb(pid: number): number {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line![1]) / 1_024;
}
