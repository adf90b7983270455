import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Balance, DIFFERENCE_KINDS } from '#libs/delivery';
import { Metrics } from '#libs/runtime';

/** What an SRE watches of the balance: any difference, and that there is one each hour. */
@Injectable()
export class BalanceGauges implements OnModuleInit {
  constructor(
    private readonly balance: Balance,
    private readonly metrics: Metrics,
  ) {}

  onModuleInit(): void {
    const { balance, metrics } = this;
    const differing = metrics.gauge('ponte_balance_difference', 'Ids the hourly balance names, by kind', ['kind']);
    const age = metrics.gauge('ponte_balance_age_seconds', 'Since the last balance this connector compared');
    metrics.onScrape('balance', async () => {
      const [open, { ageSeconds }] = await Promise.all([balance.report.openByKind(), balance.report.last()]);
      for (const kind of DIFFERENCE_KINDS) differing.set(open.get(kind) ?? 0, { kind });
      age.set(ageSeconds);
    });
  }
}
