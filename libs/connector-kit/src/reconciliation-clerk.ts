import { Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import type { Pool } from 'pg';
import type { Outcome } from '#libs/contracts';
import { endpointOfGroup, lastPosition, type DeliveryEngine, type StandingPause } from '#libs/delivery';
import { inTransaction, type Clock } from '#libs/runtime';
import type { Integration, IntegrationRegistry } from '#libs/settings';
import type { ConnectorCourier } from './connector-courier.js';
import { DEFAULT_GROUP } from './definition.js';
import type { PartnerSettings } from './partner-settings.js';
import type { OpenReconciliation, ReconciliationBook } from './reconciliation-book.js';
import { compareSome, readOnePage, type Step } from './reconciliation-steps.js';
import type { ReconcileEvery, Reconciler } from './reconciliation.js';

export interface ClerkOptions {
  pool: Pool;
  clock: Clock;
  engine: DeliveryEngine;
  registry: IntegrationRegistry<PartnerSettings>;
  book: ReconciliationBook;
  connector: object;
  reconciler: Reconciler;
  courier: ConnectorCourier;
}

const LOOK_EVERY_MS = 1_000;
const DUE_EVERY_MS = 60_000;
const WAIT_MS = 30_000;
/** The longest wait between probes: a reconciliation is in no hurry. */
const PROBES_FAILED = 5;
const PERIOD_MS: Record<Exclude<ReconcileEvery, 'off'>, number> = { daily: 86_400_000, weekly: 604_800_000 };

/**
 * Works the reconciliations off, one at a time per replica, page by page and title by title; each step is durable, so
 * that whoever takes one over goes on where it stood. It waits where deliveries would: for a pause, for the partner.
 */
export class ReconciliationClerk implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger('Reconciliation');
  private readonly stopping = new AbortController();
  private loops: Promise<void>[] = [];

  constructor(private readonly options: ClerkOptions) {}

  onApplicationBootstrap(): void {
    this.loops = [this.every(LOOK_EVERY_MS, () => this.workOne()), this.every(DUE_EVERY_MS, () => this.startDue())];
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.loops);
  }

  /** @returns the reconciliation, or undefined while one of the integration is open */
  async start(integrationId: string, by: string): Promise<string | undefined> {
    const { pool, book } = this.options;
    return book.start(integrationId, by, await lastPosition(pool));
  }

  /** Those whose period is over; where there never was one, a period after the settings were saved. */
  async startDue(): Promise<void> {
    const { registry, pool, book, reconciler } = this.options;
    const all = await registry.readAll(pool);
    const ready = all.filter(({ state }) => state.kind === 'ready');
    const last = await book.lastStarted(ready.map(({ id }) => id));
    for (const { id, settings, updatedAt } of ready) {
      const every = reconciler.options.every?.(settings) ?? 'off';
      if (every === 'off') continue;
      const due = new Date((last.get(id) ?? updatedAt).getTime() + PERIOD_MS[every]);
      await book.startDue(id, 'ponte', await lastPosition(pool), due);
    }
  }

  /** Takes one that nobody works on, as far as it goes just now. */
  async workOne(): Promise<void> {
    const { book, pool } = this.options;
    const taken = await book.take();
    if (!taken) return;
    let one: OpenReconciliation | undefined = taken;
    let step: Step = { kind: 'more' };
    while (step.kind === 'more' && !this.stopping.signal.aborted) {
      step = await this.step(one);
      if (step.kind === 'wait') return this.wait(one, step.outcome);
      if (step.kind === 'rest') return book.putOff(one, null, step.until);
      if (step.kind !== 'more') return;
      one = await inTransaction(pool, (client) => book.lockOurs(client, taken));
      if (!one) return;
    }
    await book.putOff(taken, null, null);
  }

  private async step(one: OpenReconciliation): Promise<Step> {
    const { registry, pool, book } = this.options;
    const integration = await registry.byId(pool, one.integrationId);
    if (integration?.state.kind !== 'ready')
      return waitFor(`a integração não está pronta / the integration is not ready`);
    if (one.state === 'reading') return this.read(one, integration);
    const all = await registry.forCompany(pool, integration.source, integration.company);
    return compareSome({ ...this.options, book }, one, integration, (branch) => tellsOf(integration, branch, all));
  }

  /** Where a breaker is open and its time has come, this is the probe: nothing else may be waiting for the partner. */
  private async read(one: OpenReconciliation, integration: Integration<PartnerSettings>): Promise<Step> {
    const { pool, engine, courier } = this.options;
    const endpointId = await endpointOfGroup(pool, integration.id, DEFAULT_GROUP);
    if (!endpointId) return waitFor('a integração nunca foi salva / the integration was never saved');
    const standing = (await engine.endpoints.standing()).filter((pause) => pause.endpointId === endpointId);
    const probe = this.isProbe(standing);
    if (standing[0] && !probe) return waitFor(`${standing[0].reason}: ${standing[0].detail}`, standing[0].until);
    const call = courier.callOutside(integration, { endpointId, key: `reconciliation-${one.id}-${one.page}`, probe });
    const step = await readOnePage(this.options, one, call);
    await this.tellEndpoint(endpointId, step, probe);
    return step;
  }

  private isProbe(standing: readonly StandingPause[]): boolean {
    const now = this.options.clock.now();
    return standing.length === 1 && standing[0]!.reason === 'breaker' && (standing[0]!.probeAt ?? now) <= now;
  }

  private async tellEndpoint(endpointId: string, step: Step, probe: boolean): Promise<void> {
    const { engine, courier } = this.options;
    const outcome = step.kind === 'wait' ? step.outcome : undefined;
    if (outcome?.kind === 'unavailable' && outcome.pause)
      await engine.endpoints.pause(endpointId, { ...outcome.pause, setBy: 'partner' });
    if (!probe) return;
    if (outcome && outcome.kind !== 'refused') return engine.endpoints.putOffProbe(endpointId, PROBES_FAILED);
    await engine.endpoints.resume(endpointId, 'breaker', 'probe');
    courier.resumed(endpointId);
  }

  /** Refused for good is the end of it; whatever else is tried again. */
  private async wait(one: OpenReconciliation, outcome: Outcome): Promise<void> {
    const { book, pool, clock } = this.options;
    if (outcome.kind === 'refused')
      return inTransaction(pool, (client) => book.finish(client, one.id, 'failed', outcome.reason));
    const until = outcome.kind === 'unavailable' ? outcome.retryAt : undefined;
    const reason = outcome.kind === 'delivered' ? null : outcome.reason;
    await book.putOff(one, reason, until ?? new Date(clock.now().getTime() + WAIT_MS));
  }

  private async every(ms: number, work: () => Promise<void>): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await work().catch((error: Error) => this.log.warn({ event: 'reconciliation.trouble', reason: error.message }));
      await this.options.clock.sleep(ms, signal);
    }
  }
}

/** A branch's own integration takes the place of the company's. */
function tellsOf(integration: Integration, branch: string, all: readonly Integration[]): boolean {
  if (integration.branch !== undefined) return integration.branch === branch;
  return !all.some((other) => other.branch === branch);
}

function waitFor(reason: string, retryAt?: Date): Step {
  return { kind: 'wait', outcome: { kind: 'unavailable', reason, ...(retryAt && { retryAt }) } };
}
