import type { Verification } from '#libs/contracts';
import type {
  Budget,
  ClaimedDelivery,
  DeliveryCall,
  EndpointOfGroup,
  PaidCourier,
  PaidRules,
  VerifiedAnswer,
} from '#libs/delivery';
import type { ConnectorCourier } from './connector-courier.js';
import { DEFAULT_GROUP, type ConnectorDefinition } from './definition.js';
import type { SettingsBook } from './settings-book.js';
import { budgetOf } from './spend-settings.js';

export interface PaidCallsOptions {
  definition: ConnectorDefinition;
  book: SettingsBook;
  courier: Pick<ConnectorCourier, 'callOf' | 'check' | 'idempotencyKeyOf'>;
}

/** Of the connector's operations those that cost money or cannot be taken back: their rules, from its class. */
export class PaidCalls implements PaidCourier {
  readonly operations: readonly string[];

  constructor(private readonly options: PaidCallsOptions) {
    this.operations = [...options.definition.verifies.keys()];
  }

  rulesOf(operation: string): PaidRules {
    const { verifies, delivers } = this.options.definition;
    const { settlesWithinMs } = verifies.get(operation)!;
    const { idempotencyKeyForMs } = delivers.get(operation)!;
    return { settlesWithinMs, ...(idempotencyKeyForMs !== undefined && { idempotencyKeyForMs }) };
  }

  idempotencyKeyOf(delivery: ClaimedDelivery): string {
    return this.options.courier.idempotencyKeyOf(delivery);
  }

  async budgetOf(integrationId: string, operation: string): Promise<Budget | undefined> {
    const { definition, book } = this.options;
    const { settings } = await book.read(integrationId);
    const { group = DEFAULT_GROUP } = definition.delivers.get(operation)!;
    return definition.groups.get(group)?.(settings).exempt ? undefined : budgetOf(settings);
  }

  async verify(delivery: ClaimedDelivery, call: DeliveryCall): Promise<VerifiedAnswer> {
    const { definition, courier } = this.options;
    const { method } = definition.verifies.get(delivery.operation)!;
    const { answer, unavailable, exchange } = await courier.callOf<Verification>(method, delivery, call);
    return { verification: unavailable ?? answer!, exchange };
  }

  /** The connection test of its group: a partner that answers it, whatever it says of the credentials, is there. */
  async check({ integrationId, group, endpointId }: EndpointOfGroup): Promise<boolean> {
    const integration = await this.options.book.read(integrationId);
    const verdict = await this.options.courier.check(integration, group, endpointId);
    return verdict !== undefined && (verdict.ok || verdict.problem === 'credential');
  }
}
