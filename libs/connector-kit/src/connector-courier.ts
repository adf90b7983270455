import { unavailable, type Outcome, type Unavailable } from '#libs/contracts';
import {
  isOfContent,
  NeverLeft,
  NotNow,
  type ClaimedDelivery,
  type Courier,
  type CourierAnswer,
  type DeliveryCall,
  type DeliveryLimits,
} from '#libs/delivery';
import {
  PartnerEndpoints,
  PartnerUnavailable,
  readExhaustedUntil,
  type MaskedExchange,
  type PartnerAnswer,
  type PartnerEndpoint,
  type PartnerRequest,
} from '#libs/partner';
import type { Clock } from '#libs/runtime';
import type { Integration } from '#libs/settings';
import { BatchCalls, type BatchOutcome } from './batch-calls.js';
import type { AboutRequest, BatchCall, Call, ConnectionVerdict } from './call.js';
import { DEFAULT_GROUP, type ConnectorDefinition } from './definition.js';
import { LoginCalls, verdictOf, type LoginVerdict } from './login-calls.js';
import { maskedLogin, maskedWith } from './login-requests.js';
import type { LoginTokens } from './login-tokens.js';
import { NoToken, readNoAnswer } from './no-token.js';
import { afterTaken, noteAnswer, noteFailure, nothingYet, withDoubt, type OpenCall } from './open-call.js';
import { PaidCalls } from './paid-calls.js';
import { toEndpointOptions, type PartnerSettings } from './partner-settings.js';
import type { SettingsBook } from './settings-book.js';
import { errorWithoutSecrets, withoutSecrets } from './without-secrets.js';

type DeliverMethod = (body: unknown, call: Call<PartnerSettings>) => Promise<Outcome>;
type BatchMethod = (bodies: unknown[], call: BatchCall<PartnerSettings>) => Promise<BatchOutcome>;
type CheckMethod = (call: Call<PartnerSettings>) => Promise<ConnectionVerdict>;

export interface ConnectorCourierOptions {
  definition: ConnectorDefinition;
  connector: object;
  book: SettingsBook;
  partners: PartnerEndpoints;
  tokens: LoginTokens;
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
  readonly paid?: PaidCalls;
  readonly batches?: BatchCalls;
  private readonly logins: LoginCalls;
  private readonly listening = new WeakSet<PartnerEndpoint>();
  /** The endpoint in use per endpoint row, to be closed when the row says so. */
  private readonly current = new Map<string, PartnerEndpoint>();

  constructor(private readonly options: ConnectorCourierOptions) {
    const { definition, book } = options;
    this.operations = [...definition.delivers.keys()];
    this.logins = new LoginCalls(options);
    if (definition.batchSizes.size > 0) this.batches = new BatchCalls({ definition, courier: this });
    if (definition.verifies.size > 0) this.paid = new PaidCalls({ definition, book, courier: this });
  }

  continuesAfterRefusal(operation: string): boolean {
    return this.options.definition.delivers.get(operation)?.onRefused === 'continue';
  }

  async limitsOf(integrationId: string): Promise<DeliveryLimits> {
    const { settings } = await this.options.book.read(integrationId);
    return { attempts: settings.attempts, deadlineMs: settings.deadlineSeconds * 1_000 };
  }

  async deliver(delivery: ClaimedDelivery, wish: DeliveryCall): Promise<CourierAnswer> {
    const { method, effect } = this.options.definition.delivers.get(delivery.operation)!;
    const opened = await this.open(delivery, wish);
    if ('notReady' in opened) return { outcome: opened.notReady };
    const { call, about } = opened;
    const exchange = about.exchanges;
    try {
      const answer = await this.bound<DeliverMethod>(method)(delivery.body, call);
      const outcome = withoutSecrets(answer, call.settings, about.tokens);
      return { outcome: effect ? withDoubt(outcome, about) : outcome, exchange };
    } catch (error) {
      await this.handBack(error, delivery, about);
      const outcome = readNoAnswer(error);
      if (outcome) return { outcome: effect ? afterTaken(outcome, about) : outcome, exchange };
      if (effect && !about.mayHaveLeft) throw new NeverLeft('before anything left', { cause: error });
      throw errorWithoutSecrets(error, call.settings, about.tokens);
    }
  }

  /** One call for all of them. */
  async callTogether(
    method: string,
    batch: readonly ClaimedDelivery[],
    wish: DeliveryCall & { batchId: string },
  ): Promise<{ answer: BatchOutcome; exchange?: MaskedExchange[] }> {
    const [first] = batch;
    const opened = await this.open(first!, wish);
    if ('notReady' in opened) return { answer: opened.notReady };
    const { batchId } = wish;
    const call = { ...opened.call, batchId, idempotencyKey: batchId };
    const { exchanges: exchange, tokens } = opened.about;
    try {
      const bodies = batch.map(({ body }) => body);
      const answer = await this.bound<BatchMethod>(method)(bodies, call);
      return { answer: withoutSecrets(answer, call.settings, tokens), exchange };
    } catch (error) {
      await this.handBack(error, first!, opened.about);
      const outcome = readNoAnswer(error);
      if (outcome) return { answer: outcome, exchange };
      throw errorWithoutSecrets(error, call.settings, tokens);
    }
  }

  /** A call of this delivery by another method of the connector, for the same integration and through the same endpoint. */
  async callOf<A extends object>(
    method: string,
    delivery: ClaimedDelivery,
    wish: DeliveryCall,
  ): Promise<CalledMethod<A>> {
    const opened = await this.open(delivery, wish);
    if ('notReady' in opened) return { unavailable: opened.notReady };
    const { exchanges: exchange, tokens } = opened.about;
    try {
      type Method = (body: unknown, call: Call<PartnerSettings>) => Promise<A>;
      const answer = await this.bound<Method>(method)(delivery.body, opened.call);
      return { answer: withoutSecrets(answer, opened.call.settings, tokens), exchange };
    } catch (error) {
      if (error instanceof NoToken) return { unavailable: error.outcome, exchange };
      const outcome = readNoAnswer(error);
      if (!outcome || outcome.kind === 'delivered') throw error;
      return { unavailable: unavailable(outcome.reason), exchange };
    }
  }

  /** The same for every try of a delivery, and no other's. */
  idempotencyKeyOf({ integrationId, position }: Pick<ClaimedDelivery, 'integrationId' | 'position'>): string {
    return `ponte-${this.options.definition.name}-${integrationId}-${position}`;
  }

  /**
   * Asks the partner whether address and credentials of a group are good, past an open breaker, counted by none. Where
   * the group logs in, it does so anew: what is asked is not whether an old token still serves.
   * @returns undefined where the connector has no test for this group
   */
  async check(
    integration: Integration<PartnerSettings>,
    group: string,
    endpointId: string,
  ): Promise<ConnectionVerdict | undefined> {
    const method = this.options.definition.checks.get(group);
    if (!method) return undefined;
    const about = this.outside(integration, { endpointId, group, key: 'check', probe: true });
    try {
      await this.logins.anew(integration, about, this.openPlain);
      const verdict = await this.bound<CheckMethod>(method)(this.openCall(integration, about));
      return withoutSecrets(verdict, integration.settings, about.tokens);
    } catch (error) {
      if (error instanceof NoToken) return verdictOf(error);
      const outcome = readNoAnswer(error);
      if (!outcome || outcome.kind === 'delivered') throw error;
      return { ok: false, problem: 'unreachable', detail: { pt: outcome.reason, en: outcome.reason } };
    }
  }

  /** Logs in anew, as a connection test does, and says what the partner said beside the token. */
  async logIn(integration: Integration<PartnerSettings>, group: string, endpointId: string): Promise<LoginVerdict> {
    const about = this.outside(integration, { endpointId, group, key: 'login', probe: true });
    try {
      const token = await this.logins.anew(integration, about, this.openPlain);
      return { ok: true, note: token?.note };
    } catch (error) {
      if (error instanceof NoToken) return verdictOf(error);
      throw errorWithoutSecrets(error, integration.settings);
    }
  }

  /** What the last login said beside the token. */
  loginNote(integration: Integration<PartnerSettings>, group: string): Promise<unknown> {
    return this.logins.note(integration, group);
  }

  /**
   * A call outside any delivery, through the default group's endpoint: its breaker counts it, its limits hold it.
   * @param probe past an open breaker, counted by none
   */
  callOutside(
    integration: Integration<PartnerSettings>,
    { endpointId, key, probe }: { endpointId: string; key: string; probe: boolean },
  ): Call<PartnerSettings> {
    const about = this.outside(integration, { endpointId, group: DEFAULT_GROUP, key, probe });
    return this.openCall(integration, about);
  }

  /** The row is the authority, the breaker its sensor: it closes when the row says so, and by nothing else. */
  resumed(endpointId: string): void {
    this.current.get(endpointId)?.forceClose();
  }

  private async open(
    delivery: ClaimedDelivery,
    { deadlineMs, probe, endsAtMs = Infinity }: DeliveryCall,
  ): Promise<{ call: Call<PartnerSettings>; about: OpenCall } | { notReady: Unavailable }> {
    const endsAt = Math.min(this.options.clock.monotonicMs() + deadlineMs, endsAtMs);
    const integration = await this.readReady(delivery.integrationId).catch(sayNotNow);
    if (integration.state.kind !== 'ready')
      return { notReady: await this.standStill(delivery, integration.state.kind).catch(sayNotNow) };
    const { endpointId, operation } = delivery;
    const { group = DEFAULT_GROUP } = this.options.definition.delivers.get(operation)!;
    const endpoint = this.endpointOf(endpointId, group, integration);
    const idempotencyKey = this.idempotencyKeyOf(delivery);
    const about: OpenCall = { ...nothingYet(), endpointId, group, idempotencyKey, endpoint, endsAt, probe };
    return { call: this.openCall(integration, about), about };
  }

  private outside(
    integration: Integration<PartnerSettings>,
    { key, ...of }: { endpointId: string; group: string; key: string; probe: boolean },
  ): OpenCall {
    const { definition, clock } = this.options;
    const endsAt = clock.monotonicMs() + integration.settings.deadlineSeconds * 1_000;
    const endpoint = this.endpointOf(of.endpointId, of.group, integration);
    const idempotencyKey = `ponte-${definition.name}-${integration.id}-${key}`;
    return { ...nothingYet(), ...of, idempotencyKey, endpoint, endsAt };
  }

  /** What is believed not ready is looked at once more: it may have been saved since. */
  private async readReady(id: string): Promise<Integration<PartnerSettings>> {
    const integration = await this.options.book.read(id);
    return integration.state.kind === 'ready' ? integration : this.options.book.readAnew(id);
  }

  /** Switched off, or left without a setting it needs, after this delivery was planned. */
  private async standStill({ endpointId }: ClaimedDelivery, state: Integration['state']['kind']): Promise<Unavailable> {
    await this.options.onNotReady(endpointId, state);
    return unavailable(`a integração não está pronta / the integration is ${state}`);
  }

  private endpointOf(endpointId: string, group: string, { version, settings }: Integration<PartnerSettings>) {
    const { definition, partners, onBreakerOpen } = this.options;
    const name = group === DEFAULT_GROUP ? definition.name : `${definition.name}-${group}`;
    const endpoint = partners.get(endpointId, version, () => {
      const { exempt: _, ...difference } = definition.groups.get(group)?.(settings) ?? {};
      return { ...toEndpointOptions(name, settings), ...difference };
    });
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

  private openCall(integration: Integration<PartnerSettings>, about: OpenCall): Call<PartnerSettings> {
    return this.logins.open(integration, about, this.openPlain);
  }

  /** Without a token. */
  private readonly openPlain = ({ settings }: Integration<PartnerSettings>, about: OpenCall): Call<PartnerSettings> => {
    const { clock, onExhausted } = this.options;
    const keep = (request: PartnerRequest, result: PartnerAnswer | PartnerUnavailable) =>
      about.exchanges.push(
        about.isLogin ? maskedLogin(request, result, settings) : maskedWith(about.tokens, request, result),
      );
    return {
      settings,
      idempotencyKey: about.idempotencyKey,
      request: async (request: PartnerRequest, { changesNothing }: AboutRequest = {}) => {
        const changes = !changesNothing && request.method !== 'GET' && request.method !== 'HEAD';
        const left = about.endsAt - clock.monotonicMs();
        const limited = { ...request, deadlineMs: Math.min(request.deadlineMs ?? left, left), probe: about.probe };
        try {
          if (left <= 0) throw new PartnerUnavailable('deadline', { sent: 'never' });
          const answer = await about.endpoint.request(limited);
          keep(request, answer);
          if (changes) noteAnswer(about, answer);
          // A 429 says itself when to come back, which may be sooner than its window ends.
          const until = answer.status === 429 ? undefined : readExhaustedUntil(answer.headers, clock.now());
          if (until) onExhausted(about.endpointId, until);
          return answer;
        } catch (error) {
          if (error instanceof PartnerUnavailable) keep(request, error);
          if (changes) noteFailure(about, error);
          throw error;
        }
      },
    };
  };

  /** No token, for reasons of our own and before anything left: the delivery goes back as it came. */
  private async handBack(error: unknown, { integrationId }: ClaimedDelivery, { mayHaveLeft }: OpenCall): Promise<void> {
    if (!(error instanceof NoToken && error.isOurs) || mayHaveLeft) return;
    await this.options.book.readAnew(integrationId).catch(() => undefined);
    throw new NotNow(error.message, { cause: error });
  }
}

/** A database that is slow or away says nothing of the delivery. */
function sayNotNow(error: unknown): never {
  if (isOfContent(error)) throw error;
  throw new NotNow(`the settings cannot be read: ${(error as Error).message}`, { cause: error });
}

interface CalledMethod<A> {
  answer?: A;
  unavailable?: Unavailable;
  exchange?: MaskedExchange[];
}
