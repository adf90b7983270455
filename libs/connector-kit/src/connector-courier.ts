import type { Outcome } from '#libs/contracts';
import type { ClaimedDelivery, Courier, CourierAnswer, DeliveryCall, DeliveryLimits } from '#libs/delivery';
import {
  maskedExchange,
  PartnerEndpoints,
  PartnerUnavailable,
  readUnavailable,
  type MaskedExchange,
  type PartnerEndpoint,
  type PartnerRequest,
} from '#libs/partner';
import type { Clock } from '#libs/runtime';
import type { Integration } from '#libs/settings';
import type { Call } from './call.js';
import type { ConnectorDefinition } from './definition.js';
import { toEndpointOptions, type PartnerSettings } from './partner-settings.js';
import type { SettingsBook } from './settings-book.js';

type DeliverMethod = (body: unknown, call: Call<PartnerSettings>) => Promise<Outcome>;

export interface ConnectorCourierOptions {
  definition: ConnectorDefinition;
  connector: object;
  book: SettingsBook;
  partners: PartnerEndpoints;
  clock: Clock;
  /** The breaker of this endpoint has just opened. */
  onBreakerOpen: (endpointId: string) => void;
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
    const integration = await this.options.book.read(delivery.integrationId);
    const endpoint = this.endpointOf(delivery.endpointId, integration);
    // The engine claims only what no pause stops: the row is the authority, the breaker its sensor.
    if (!probe && endpoint.breaker === 'open') endpoint.forceClose();
    const exchanges: MaskedExchange[] = [];
    const call = this.openCall(delivery, integration, {
      endpoint,
      exchanges,
      endsAt: this.options.clock.monotonicMs() + deadlineMs,
      probe,
    });
    try {
      return { outcome: await this.methodOf(delivery.operation)(delivery.body, call), exchange: exchanges };
    } catch (error) {
      const outcome = readUnavailable(error);
      if (!outcome) throw error;
      return { outcome, exchange: exchanges };
    }
  }

  resumed(endpointId: string): void {
    this.current.get(endpointId)?.forceClose();
  }

  private endpointOf(endpointId: string, integration: Integration<PartnerSettings>): PartnerEndpoint {
    const { definition, partners, onBreakerOpen } = this.options;
    const endpoint = partners.get(endpointId, integration.version, () =>
      toEndpointOptions(definition.name, integration.settings),
    );
    if (!this.listening.has(endpoint)) {
      this.listening.add(endpoint);
      endpoint.onOpen(() => onBreakerOpen(endpointId));
    }
    this.current.set(endpointId, endpoint);
    return endpoint;
  }

  private methodOf(operation: string): DeliverMethod {
    const { definition, connector } = this.options;
    const { method } = definition.delivers.get(operation)!;
    return (connector as Record<string, DeliverMethod>)[method]!.bind(connector);
  }

  private openCall(
    delivery: ClaimedDelivery,
    integration: Integration<PartnerSettings>,
    about: OpenCall,
  ): Call<PartnerSettings> {
    const { clock, definition } = this.options;
    return {
      settings: integration.settings,
      idempotencyKey: `ponte-${definition.name}-${delivery.integrationId}-${delivery.position}`,
      request: async (request: PartnerRequest) => {
        const left = Math.max(about.endsAt - clock.monotonicMs(), 1);
        const limited = { ...request, deadlineMs: Math.min(request.deadlineMs ?? left, left), probe: about.probe };
        try {
          const answer = await about.endpoint.request(limited);
          about.exchanges.push(maskedExchange(request, answer));
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
  endpoint: PartnerEndpoint;
  exchanges: MaskedExchange[];
  /** Monotonic. */
  endsAt: number;
  probe: boolean;
}
