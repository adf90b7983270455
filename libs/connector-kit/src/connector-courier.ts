import { unavailable, type Outcome } from '#libs/contracts';
import type { ClaimedDelivery, Courier, CourierAnswer, DeliveryCall, DeliveryLimits } from '#libs/delivery';
import {
  maskedExchange,
  PartnerEndpoints,
  PartnerUnavailable,
  readExhaustedUntil,
  readUnavailable,
  type MaskedExchange,
  type PartnerEndpoint,
  type PartnerRequest,
} from '#libs/partner';
import type { Clock } from '#libs/runtime';
import type { Integration } from '#libs/settings';
import type { Call, ConnectionVerdict } from './call.js';
import { DEFAULT_GROUP, type ConnectorDefinition } from './definition.js';
import { toEndpointOptions, type PartnerSettings } from './partner-settings.js';
import type { SettingsBook } from './settings-book.js';

type DeliverMethod = (body: unknown, call: Call<PartnerSettings>) => Promise<Outcome>;
type CheckMethod = (call: Call<PartnerSettings>) => Promise<ConnectionVerdict>;

export interface ConnectorCourierOptions {
  definition: ConnectorDefinition;
  connector: object;
  book: SettingsBook;
  partners: PartnerEndpoints;
  clock: Clock;
  /** The breaker of this endpoint has just opened; asked once per opening. */
  onBreakerOpen: (endpointId: string) => void;
  /** The partner takes no further call of this endpoint before then, from no replica. */
  onExhausted: (endpointId: string, until: Date) => void;
  /** Something waits for an integration that may not be called: its endpoint stands still from here on. */
  onNotReady: (endpointId: string, state: Integration['state']['kind']) => Promise<void>;
}

/** Has the connector class make a delivery: opens the endpoint, keeps the exchanges, reads what never arrived. */
export class ConnectorCourier implements Courier {
  readonly operations: readonly string[];
  private readonly listening = new WeakSet<PartnerEndpoint>();
  /** The endpoint in use per endpoint row, to be closed when the row says so. */
  private readonly current = new Map<string, PartnerEndpoint>();

  constructor(private readonly options: ConnectorCourierOptions) {
    this.operations = [...options.definition.delivers.keys()];
  }

  continuesAfterRefusal(operation: string): boolean {
    return this.options.definition.delivers.get(operation)?.onRefused === 'continue';
  }

  async limitsOf(integrationId: string): Promise<DeliveryLimits> {
    const { settings } = await this.options.book.read(integrationId);
    return { attempts: settings.attempts, deadlineMs: settings.deadlineSeconds * 1_000 };
  }

  async deliver(delivery: ClaimedDelivery, { deadlineMs, probe }: DeliveryCall): Promise<CourierAnswer> {
    const endsAt = this.options.clock.monotonicMs() + deadlineMs;
    const integration = await this.readReady(delivery.integrationId);
    if (integration.state.kind !== 'ready') return this.standStill(delivery, integration.state.kind);
    const { definition } = this.options;
    const { method, group = DEFAULT_GROUP } = definition.delivers.get(delivery.operation)!;
    const endpoint = this.endpointOf(delivery.endpointId, group, integration);
    const exchanges: MaskedExchange[] = [];
    const idempotencyKey = `ponte-${definition.name}-${delivery.integrationId}-${delivery.position}`;
    const call = this.openCall(integration, {
      endpointId: delivery.endpointId,
      idempotencyKey,
      endpoint,
      exchanges,
      endsAt,
      probe,
    });
    try {
      return { outcome: await this.bound<DeliverMethod>(method)(delivery.body, call), exchange: exchanges };
    } catch (error) {
      const outcome = readUnavailable(error);
      if (!outcome) throw error;
      return { outcome, exchange: exchanges };
    }
  }

  /**
   * Asks the partner whether address and credentials of a group are good, past an open breaker, counted by none.
   * @returns undefined where the connector has no test for this group
   */
  async check(
    integration: Integration<PartnerSettings>,
    group: string,
    endpointId: string,
  ): Promise<ConnectionVerdict | undefined> {
    const { definition, clock } = this.options;
    const method = definition.checks.get(group);
    if (!method) return undefined;
    const endsAt = clock.monotonicMs() + integration.settings.deadlineSeconds * 1_000;
    const endpoint = this.endpointOf(endpointId, group, integration);
    const idempotencyKey = `ponte-${definition.name}-${integration.id}-check`;
    const call = this.openCall(integration, {
      endpointId,
      idempotencyKey,
      endpoint,
      exchanges: [],
      endsAt,
      probe: true,
    });
    try {
      return await this.bound<CheckMethod>(method)(call);
    } catch (error) {
      const outcome = readUnavailable(error);
      if (!outcome || outcome.kind === 'delivered') throw error;
      return { ok: false, problem: 'unreachable', detail: { pt: outcome.reason, en: outcome.reason } };
    }
  }

  /**
   * A call outside any delivery, through the default group's endpoint: its breaker counts it, its limits hold it.
   * @param probe past an open breaker, counted by none
   */
  callOutside(
    integration: Integration<PartnerSettings>,
    { endpointId, key, probe }: { endpointId: string; key: string; probe: boolean },
  ): Call<PartnerSettings> {
    const { definition, clock } = this.options;
    const endsAt = clock.monotonicMs() + integration.settings.deadlineSeconds * 1_000;
    const endpoint = this.endpointOf(endpointId, DEFAULT_GROUP, integration);
    const idempotencyKey = `ponte-${definition.name}-${integration.id}-${key}`;
    return this.openCall(integration, { endpointId, idempotencyKey, endpoint, exchanges: [], endsAt, probe });
  }

  /** The row is the authority, the breaker its sensor: it closes when the row says so, and by nothing else. */
  resumed(endpointId: string): void {
    this.current.get(endpointId)?.forceClose();
  }

  /** What is believed not ready is looked at once more: it may have been saved since. */
  private async readReady(id: string): Promise<Integration<PartnerSettings>> {
    const integration = await this.options.book.read(id);
    return integration.state.kind === 'ready' ? integration : this.options.book.readAnew(id);
  }

  /** Switched off, or left without a setting it needs, after this delivery was planned. */
  private async standStill(
    { endpointId }: ClaimedDelivery,
    state: Integration['state']['kind'],
  ): Promise<CourierAnswer> {
    await this.options.onNotReady(endpointId, state);
    return { outcome: unavailable(`a integração não está pronta / the integration is ${state}`) };
  }

  private endpointOf(endpointId: string, group: string, { version, settings }: Integration<PartnerSettings>) {
    const { definition, partners, onBreakerOpen } = this.options;
    const name = group === DEFAULT_GROUP ? definition.name : `${definition.name}-${group}`;
    const endpoint = partners.get(endpointId, version, () => ({
      ...toEndpointOptions(name, settings),
      ...definition.groups.get(group)?.(settings),
    }));
    if (!this.listening.has(endpoint)) {
      this.listening.add(endpoint);
      // What was made from settings that have been replaced says nothing of those that stand.
      endpoint.onOpen(() => this.current.get(endpointId) === endpoint && onBreakerOpen(endpointId));
    }
    this.current.set(endpointId, endpoint);
    return endpoint;
  }

  private bound<M extends (...given: never[]) => unknown>(method: string): M {
    const { connector } = this.options;
    return (connector as Record<string, M>)[method]!.bind(connector) as M;
  }

  private openCall({ settings }: Integration<PartnerSettings>, about: OpenCall): Call<PartnerSettings> {
    const { clock, onExhausted } = this.options;
    return {
      settings,
      idempotencyKey: about.idempotencyKey,
      request: async (request: PartnerRequest) => {
        const left = about.endsAt - clock.monotonicMs();
        const limited = { ...request, deadlineMs: Math.min(request.deadlineMs ?? left, left), probe: about.probe };
        try {
          if (left <= 0) throw new PartnerUnavailable('deadline', { sent: 'never' });
          const answer = await about.endpoint.request(limited);
          about.exchanges.push(maskedExchange(request, answer));
          const until = readExhaustedUntil(answer.headers, clock.now());
          if (until) onExhausted(about.endpointId, until);
          return answer;
        } catch (error) {
          if (error instanceof PartnerUnavailable) about.exchanges.push(maskedExchange(request, error));
          throw error;
        }
      },
    };
  }
}

interface OpenCall {
  endpointId: string;
  idempotencyKey: string;
  endpoint: PartnerEndpoint;
  exchanges: MaskedExchange[];
  /** Monotonic. */
  endsAt: number;
  probe: boolean;
}
