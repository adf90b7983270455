import type { Clock } from '#libs/runtime';
import type { FaultSwitch } from '../partner-faults.js';
import type { Partner, PartnerAnswer, PartnerRequest } from '../partner.js';
import { CLIENTS, CLIENTS_CREATE_OR_UPDATE } from './clients.js';
import { CustomerXAccount } from './customerx-account.js';
import {
  INVALID_CREDENTIAL,
  INVALID_JSON,
  INVALID_TOKEN,
  LICENCE_ENDED,
  NOT_FOUND,
  TOO_MANY_REQUESTS,
  wordsFor,
} from './customerx-answers.js';
import type { CustomerXCall, Endpoint } from './customerx-call.js';
import { CustomerXSettings, type CustomerXAccountSettings } from './customerx-settings.js';
import { FINANCIALS } from './financials.js';
import { TRACKER } from './tracker.js';

const TRACKER_PATH = '/tracker';
const ROUTES: Record<string, Record<string, Endpoint>> = {
  '/api/v1/financials': FINANCIALS,
  '/api/v1/clients': CLIENTS,
  '/api/v1/clients/create_or_update': CLIENTS_CREATE_OR_UPDATE,
  [TRACKER_PATH]: TRACKER,
};

/** CustomerX (customer success) as its public pages describe it: REST under `/customerx/api/v1`, tracking at `/customerx/tracker`. */
export class CustomerX implements Partner {
  readonly name = 'customerx';
  private accounts = new Map<string, CustomerXAccount>();
  private current!: CustomerXSettings;
  private byToken = new Map<string, CustomerXAccountSettings>();

  constructor(
    private readonly clock: Clock,
    private readonly faults: FaultSwitch,
    private readonly initial: CustomerXSettings = new CustomerXSettings(),
  ) {
    this.settings = initial;
  }

  get settings(): CustomerXSettings {
    return this.current;
  }

  /** What an account has stays when its settings change; it belongs to the account's name. */
  set settings(settings: CustomerXSettings) {
    this.current = settings;
    this.byToken = new Map(settings.accounts.map((account) => [account.token, account]));
  }

  /** What the account of this name holds. */
  account(name: string): CustomerXAccount {
    let account = this.accounts.get(name);
    if (!account) this.accounts.set(name, (account = new CustomerXAccount(name, this.clock, this.faults)));
    return account;
  }

  accountOf(request: PartnerRequest): string | undefined {
    return this.settingsOf(request)?.name;
  }

  answer(request: PartnerRequest): PartnerAnswer {
    const owner = this.settingsOf(request);
    if (!owner || this.faults.hasTokenExpired(owner.name))
      return request.path.startsWith(TRACKER_PATH) ? INVALID_CREDENTIAL : INVALID_TOKEN;
    if (owner.licenceEnded) return LICENCE_ENDED;
    const account = this.account(owner.name);
    const perMinute = this.faults.rateLimitPerMinute(owner.name, this.settings.rateLimitPerMinute);
    if (perMinute === 0) return this.act(request, account);
    const { allowed, remaining, resetS } = account.rate.take(perMinute);
    const answer = allowed ? this.act(request, account) : TOO_MANY_REQUESTS;
    const rateHeaders = { 'x-ratelimit-remaining': String(remaining), 'x-ratelimit-reset': String(resetS) };
    return { ...answer, headers: { ...answer.headers, ...rateHeaders } };
  }

  wordsFor(status: number): PartnerAnswer {
    return wordsFor(status, Math.ceil(this.clock.now().getTime() / 1000));
  }

  state(only?: string) {
    const accounts = [...this.accounts].filter(([name]) => only === undefined || name === only);
    return {
      settings: this.settings,
      accounts: accounts.map(([name, { clients, financials, trackings }]) => ({
        name,
        clients: clients.rowsNow(),
        financials: financials.rowsNow(),
        trackings,
      })),
    };
  }

  reset(): void {
    this.accounts = new Map();
    this.settings = this.initial;
  }

  private act(request: PartnerRequest, account: CustomerXAccount): PartnerAnswer {
    const endpoint = ROUTES[request.path.replace(/\/$/, '')]?.[request.verb];
    if (!endpoint) return NOT_FOUND;
    const body = readBody(request.text);
    if (!body) return INVALID_JSON;
    return endpoint({ request, body, account, settings: this.settings, nowIso: this.clock.now().toISOString() });
  }

  private settingsOf({ path, headers }: PartnerRequest): CustomerXAccountSettings | undefined {
    if (path.startsWith(TRACKER_PATH)) {
      return this.settings.accounts.find(
        ({ credential, key }) => credential === headers.credential && key === headers.key,
      );
    }
    if (this.settings.authHeader === 'api_key') return this.byToken.get(String(headers.api_key));
    const sent = headers.authorization ?? '';
    if (this.settings.authHeader === 'raw') return this.byToken.get(sent);
    return sent.startsWith('Bearer ') ? this.byToken.get(sent.slice('Bearer '.length)) : undefined;
  }
}

/** A call without a body has an empty one; undefined when it is no JSON object. */
function readBody(text: string): CustomerXCall['body'] | undefined {
  if (text === '') return {};
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null && !Array.isArray(body)
      ? (body as CustomerXCall['body'])
      : undefined;
  } catch {
    return undefined;
  }
}
