import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Pool } from 'pg';
import { DeliveryEngine } from '#libs/delivery';
import { IntegrationRegistry } from '#libs/settings';
import { askForDueComparisons } from './erp-comparison.js';
import { Loads } from './loads.js';
import type { PartnerSettings } from './partner-settings.js';

const TICK_MS = 1_000;
const COMPARISONS_MS = 600_000;

/** Knocks once a second in every replica; the database decides which window fires and who loads, and that it is one. */
@Injectable()
export class CadenceTimer {
  private readonly log = new Logger('CadenceTimer');
  private readonly busy = new Set<string>();

  constructor(
    private readonly engine: DeliveryEngine,
    private readonly loads: Loads,
    private readonly pool: Pool,
    private readonly registry: IntegrationRegistry<PartnerSettings>,
  ) {}

  @Interval(TICK_MS)
  tick(): Promise<void> {
    return this.alone('cadence', () => this.engine.cadences.tick());
  }

  @Interval(TICK_MS)
  load(): Promise<void> {
    return this.alone('load', () => this.loads.knock());
  }

  @Interval(COMPARISONS_MS)
  compare(): Promise<void> {
    return this.alone('comparison', () => askForDueComparisons(this.pool, this.registry));
  }

  private async alone(what: string, work: () => Promise<void>): Promise<void> {
    if (this.busy.has(what)) return;
    this.busy.add(what);
    try {
      await work();
    } catch (error) {
      this.log.warn({ event: `${what}.trouble`, reason: (error as Error).message });
    } finally {
      this.busy.delete(what);
    }
  }
}
