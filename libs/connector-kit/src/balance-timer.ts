import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Balance } from '#libs/delivery';

const COMPARE_MS = 1_000;
const ARRIVED_MS = 5_000;

/** Knocks in every replica; the database decides who compares, and that it is one. */
@Injectable()
export class BalanceTimer implements OnModuleInit {
  private readonly log = new Logger('Balance');
  private readonly busy = new Set<string>();

  constructor(private readonly balance: Balance) {}

  async onModuleInit(): Promise<void> {
    await this.balance.begin();
  }

  @Interval(COMPARE_MS)
  compare(): Promise<void> {
    return this.alone('comparison', () => this.balance.compareTold());
  }

  @Interval(ARRIVED_MS)
  closeArrived(): Promise<void> {
    return this.alone('closing', () => this.balance.closeArrived());
  }

  private async alone(what: string, work: () => Promise<unknown>): Promise<void> {
    if (this.busy.has(what)) return;
    this.busy.add(what);
    try {
      await work();
    } catch (error) {
      this.log.warn({ event: `balance.${what}.trouble`, reason: (error as Error).message });
    } finally {
      this.busy.delete(what);
    }
  }
}
