import { Injectable } from '@nestjs/common';
import { HealthCheckService, HealthIndicatorService, type HealthCheckResult } from '@nestjs/terminus';

/** Resolves (with details worth showing) when healthy, throws the reason when not. */
export type HealthCheck = (
  signal: AbortSignal,
) => Promise<Record<string, unknown> | void> | Record<string, unknown> | void;

const CHECK_DEADLINE_MS = 2_000;

/**
 * What the two probes ask.
 * *Ready*: can this replica do its work now (database reachable, consumer registered)? A paused or failing
 * partner is not a reason: it would block deploys.
 * *Live*: is this process stuck for good? Never the broker or the database: their outage would restart every pod.
 */
@Injectable()
export class HealthIndicators {
  private readonly readiness = new Map<string, HealthCheck>();
  private readonly liveness = new Map<string, HealthCheck>();

  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
  ) {}

  registerReadiness(name: string, check: HealthCheck): void {
    this.readiness.set(name, check);
  }

  registerLiveness(name: string, check: HealthCheck): void {
    this.liveness.set(name, check);
  }

  checkReadiness(): Promise<HealthCheckResult> {
    return this.run(this.readiness);
  }

  checkLiveness(): Promise<HealthCheckResult> {
    return this.run(this.liveness);
  }

  private run(checks: Map<string, HealthCheck>): Promise<HealthCheckResult> {
    return this.health.check(
      [...checks].map(([name, check]) =>
        this.indicators
          .check(name)
          .attempt(async ({ signal }) => check(signal))
          .withTimeout(CHECK_DEADLINE_MS),
      ),
    );
  }
}
