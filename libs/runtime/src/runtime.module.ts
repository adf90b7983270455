import { Logger, type DynamicModule } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { Clock, SystemClock } from './clock.js';
import { HealthIndicators } from './health-indicators.js';
import { Metrics } from './metrics.js';

/** Injection token of the app's name. */
export const APP_NAME = Symbol('app name');

/** What every provider of an app may ask for: its environment (by its class), Clock, Metrics, HealthIndicators. */
export class RuntimeModule {
  static for(name: string, environment?: object): DynamicModule {
    const shared = [
      { provide: APP_NAME, useValue: name },
      { provide: Clock, useClass: SystemClock },
      { provide: Metrics, useValue: new Metrics(name) },
      ...(environment ? [{ provide: environment.constructor, useValue: environment }] : []),
      HealthIndicators,
    ];
    return {
      module: RuntimeModule,
      global: true,
      imports: [TerminusModule.forRoot({ logger: QuietLogger, errorLogStyle: 'json' })],
      providers: shared,
      exports: shared,
    };
  }
}

/** A failing probe is polled every few seconds: the probe's answer and the metrics tell it, not a log line each time. */
class QuietLogger extends Logger {
  override error(): void {}
}
