import type { Provider } from '@nestjs/common';
import { Pool } from 'pg';
import { Balance } from '#libs/delivery';
import { Clock } from '#libs/runtime';
import { BalanceEar } from './balance-ear.js';
import { BalanceGauges } from './balance-gauges.js';
import { BalanceTimer } from './balance-timer.js';
import type { ConnectorDefinition } from './definition.js';

/** What the hourly balance adds to a connector. */
export function balanceProviders({ name, bindings }: ConnectorDefinition): Provider[] {
  return [
    {
      provide: Balance,
      inject: [Pool, Clock],
      useFactory: (pool: Pool, clock: Clock) => new Balance({ pool, clock, connector: name, bindings }),
    },
    BalanceEar,
    BalanceTimer,
    BalanceGauges,
  ];
}
