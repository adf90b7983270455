import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { DeliveryEngine } from '#libs/delivery';

const TICK_MS = 1_000;

/** Knocks once a second in every replica; the database decides which window fires, and that it fires once. */
@Injectable()
export class CadenceTimer {
  private readonly log = new Logger('CadenceTimer');
  private busy = false;

  constructor(private readonly engine: DeliveryEngine) {}

  @Interval(TICK_MS)
  async tick(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      await this.engine.cadences.tick();
    } catch (error) {
      this.log.warn({ event: 'cadence.trouble', reason: (error as Error).message });
    } finally {
      this.busy = false;
    }
  }
}
