import type { PoolClient } from 'pg';
import {
  isCharge,
  isEventType,
  matchesPattern,
  type BusinessKeys,
  type HubEvent,
  type ReceivableChanged,
} from '#libs/contracts';
import type {
  EventPlan,
  FinishedRun,
  IntegrationPlan,
  PlannedDelivery,
  PlannedEvent,
  Planner,
  Unplanned,
} from '#libs/delivery';
import { applyReceivables, beginWalk, endWalk, type PlacedEvent, type ReceivableEvent } from '#libs/receivables';
import type { Integration, IntegrationRegistry } from '#libs/settings';
import type { ConnectorDefinition, Planned } from './definition.js';
import type { PartnerSettings } from './partner-settings.js';
import type { SettingsBook } from './settings-book.js';

type PlanMethod = (event: HubEvent, settings: PartnerSettings) => Planned;
type LoadMethod = (title: ReceivableChanged, settings: PartnerSettings) => Planned;
type AfterRunMethod = (run: FinishedRun, settings: PartnerSettings) => Planned;

/** Asks the connector class what an event becomes, for each integration it belongs to. */
export class ConnectorPlanner implements Planner {
  constructor(
    private readonly definition: ConnectorDefinition,
    private readonly connector: object,
    private readonly registry: IntegrationRegistry<PartnerSettings>,
    private readonly book: SettingsBook,
  ) {}

  knows(type: string): boolean {
    return isEventType(type);
  }

  async plan(client: PoolClient, events: readonly PlannedEvent[]): Promise<EventPlan[]> {
    const integrations = await this.registry.forCompanies(client, companiesOf(events));
    this.book.note(integrations);
    for (const { event, position } of news(events, 'ponte.backfill.started.v1'))
      await beginWalk(client, event, position);
    await applyReceivables(client, events.filter(isNewReceivable));
    for (const { event, position } of news(events, 'ponte.backfill.finished.v1'))
      await endWalk(client, event, position);
    return events.map((planned) => this.planOne(planned, integrations));
  }

  /**
   * A title as it stands, told as states; nothing where the connector plans none.
   * @throws what the connector's plan throws
   */
  planTitle(integration: Integration<PartnerSettings>, title: ReceivableChanged): PlannedDelivery[] {
    const planned = this.bound<LoadMethod>(this.definition.load!)(title, integration.settings);
    if (!Array.isArray(planned)) return [];
    const keys = businessKeysOfTitle(title);
    return this.ready(planned).map((delivery) => ({ keys, ...delivery, kind: 'state' }));
  }

  /** What is to be sent of a run that is through. @throws what the connector's plan throws */
  planAfterRun(integration: Integration<PartnerSettings>, run: FinishedRun): PlannedDelivery[] {
    const planned = this.bound<AfterRunMethod>(this.definition.afterRun!)(run, integration.settings);
    return Array.isArray(planned) ? this.ready(planned) : [];
  }

  private planOne(planned: PlannedEvent, all: readonly Integration<PartnerSettings>[]): EventPlan {
    const { event, onlyIntegration, exceptIntegrations } = planned;
    if (event.type === 'erp.receivable.snapshot.v1' || event.type.startsWith('ponte.backfill.')) {
      return unplanned({
        code: 'read-model-only',
        reason: 'a backfill brings the read model up to date and is no movement',
      });
    }
    const concerned = integrationsFor(event, all).filter(({ id }) => !onlyIntegration || id === onlyIntegration);
    if (concerned.length === 0) {
      return unplanned({
        code: 'no-integration',
        reason: `company ${event.company} has no ${this.definition.name} integration`,
      });
    }
    const result: EventPlan = { plans: [], failures: [] };
    for (const integration of concerned) {
      if (exceptIntegrations.has(integration.id)) continue;
      try {
        result.plans.push(this.planFor(integration, event));
      } catch (error) {
        const words = error instanceof Error ? error.message : String(error);
        result.failures.push({ integrationId: integration.id, reason: `it could not be planned: ${words}` });
      }
    }
    return result;
  }

  private planFor(integration: Integration<PartnerSettings>, event: HubEvent): IntegrationPlan {
    const silent = reasonForSilence(integration);
    if (silent) return { integrationId: integration.id, deliveries: [], unplanned: silent };
    const methods = this.definition.plans.filter(({ pattern }) => matchesPattern(pattern, event.type));
    const answers = methods.map(({ method }) => this.bound<PlanMethod>(method)(event, integration.settings));
    const deliveries = this.ready(answers.flatMap((answer) => (Array.isArray(answer) ? answer : [])));
    const reason = answers.find((answer): answer is Unplanned => !Array.isArray(answer));
    const why = reason ?? {
      code: 'no-plan' as const,
      reason: `${this.definition.name} does nothing with ${event.type}`,
    };
    const keys = businessKeysOf(event);
    return {
      integrationId: integration.id,
      deliveries: deliveries.map((delivery) => ({ keys, ...delivery })),
      ...(deliveries.length === 0 && { unplanned: why }),
    };
  }

  /** Each on the endpoint of its operation. @throws Error for one that nobody delivers */
  private ready(deliveries: readonly PlannedDelivery[]): PlannedDelivery[] {
    return deliveries.map((delivery) => {
      const entry = this.definition.delivers.get(delivery.operation);
      if (!entry) throw new Error(`nothing delivers "${delivery.operation}": write @Deliver('${delivery.operation}')`);
      requireOperationKey(delivery, entry.effect);
      return { ...delivery, ...(entry.group !== undefined && { group: entry.group }) };
    });
  }

  private bound<M extends (...given: never[]) => unknown>(method: string): M {
    return (this.connector as Record<string, M>)[method]!.bind(this.connector) as M;
  }
}

/** @throws Error for what costs money or cannot be taken back and could be asked for twice */
function requireOperationKey({ operation, operationKey, cost }: PlannedDelivery, effect: string | undefined): void {
  if (effect && !operationKey)
    throw new Error(`"${operation}" is ${effect}: plan it with the operationKey that names this wish for ever`);
  if (cost !== undefined && !isCharge(cost))
    throw new Error(`the cost of "${operation}" is no money (a decimal text with two places): ${cost}`);
}

/** Those that come in for the first time: what was held for one integration is in the read model since it came. */
function news(events: readonly PlannedEvent[], type: string): PlannedEvent[] {
  return events.filter(({ event, onlyIntegration }) => onlyIntegration === undefined && event.type === type);
}

function companiesOf(events: readonly PlannedEvent[]): { source: string; company: string }[] {
  const found = new Map(events.map(({ event: { source, company } }) => [`${source}\n${company}`, { source, company }]));
  return [...found.values()];
}

/** What is planned late for one integration, released from its hold, is in the read model since it came. */
function isNewReceivable(planned: PlannedEvent): planned is PlannedEvent & PlacedEvent {
  return planned.onlyIntegration === undefined && planned.event.type.startsWith('erp.receivable.');
}

/** The branch's own integration takes the place of the company's. */
function integrationsFor(
  event: HubEvent,
  all: readonly Integration<PartnerSettings>[],
): Integration<PartnerSettings>[] {
  const ofCompany = all.filter(({ source, company }) => source === event.source && company === event.company);
  const ofBranch = ofCompany.filter(({ branch }) => branch !== undefined && branch === event.branch);
  return ofBranch.length > 0 ? ofBranch : ofCompany.filter(({ branch }) => branch === undefined);
}

function reasonForSilence({ state, displayName, name }: Integration<PartnerSettings>): Unplanned | undefined {
  const called = displayName || name;
  if (state.kind === 'off' && state.parameter !== undefined) {
    const reason = `o parâmetro do sistema ${state.parameter} está desligado / the system parameter is off`;
    return { code: 'off', reason };
  }
  if (state.kind === 'off') return { code: 'off', reason: `a integração "${called}" está desligada / is off` };
  if (state.kind === 'ready') return undefined;
  const lacks = state.lacks.map(({ label, reason }) => `${label.pt} (${reason})`).join(', ');
  return {
    code: 'not-configured',
    reason: `a integração "${called}" não está configurada / is not configured: ${lacks}`,
  };
}

function unplanned(reason: Unplanned): EventPlan {
  return { plans: [], failures: [], unplanned: reason };
}

function businessKeysOf(event: HubEvent): BusinessKeys | undefined {
  if (!event.type.startsWith('erp.receivable.')) return undefined;
  return businessKeysOfTitle((event as ReceivableEvent).data);
}

function businessKeysOfTitle(title: ReceivableChanged): BusinessKeys {
  const { receivableId, number, installment, contractId, customer } = title;
  return { receivableId, titleNumber: number, installment, contractId, customerId: customer.id };
}
