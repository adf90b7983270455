import type { Secret } from '#libs/runtime';
import type { Integration } from '#libs/settings';
import type { Call, ConnectionVerdict } from './call.js';
import type { ConnectorDefinition } from './definition.js';
import { EVERY_GROUP, loginOf, type LoginAnswer, type LoginEntry } from './login-definition.js';
import { readLogin, withToken } from './login-requests.js';
import type { LoginOf, Token } from './login-rows.js';
import type { LoginTokens, LoginWish } from './login-tokens.js';
import { NoToken } from './no-token.js';
import type { PartnerSettings } from './partner-settings.js';

/** A call as far as a login has to do with it. */
export interface LoggedInCall {
  group: string;
  /** Monotonic. */
  endsAt: number;
  idempotencyKey: string;
  /** Those its requests were made with. */
  tokens: Secret[];
  /** It is the login. */
  isLogin?: true;
}

/** A call without a token. */
export type OpenPlain<A extends LoggedInCall> = (integration: Ours, about: A) => Call<PartnerSettings>;

type Ours = Integration<PartnerSettings>;

export interface LoginCallsOptions {
  definition: ConnectorDefinition;
  connector: object;
  tokens: LoginTokens;
}

/** The connector's `@Login` between its calls and the partner. */
export class LoginCalls {
  constructor(private readonly options: LoginCallsOptions) {}

  /** The call, with a token on each request where its group logs in. */
  open<A extends LoggedInCall>(integration: Ours, about: A, openPlain: OpenPlain<A>): Call<PartnerSettings> {
    const call = openPlain(integration, about);
    const entry = loginOf(this.options.definition.logins, about.group);
    if (!entry) return call;
    const wish = this.wish(entry, integration, about, openPlain);
    const tokenAfter = async (rejected: number) => {
      const token = await this.options.tokens.token(wish, rejected);
      about.tokens.push(token.secret);
      return token;
    };
    return { ...call, request: withToken(call.request, entry.authorize, tokenAfter) };
  }

  /** Logs in whatever token there is. @returns nothing where the group has no login @throws NoToken */
  async anew<A extends LoggedInCall>(integration: Ours, about: A, openPlain: OpenPlain<A>): Promise<Token | undefined> {
    const entry = loginOf(this.options.definition.logins, about.group);
    return entry && this.options.tokens.anew(this.wish(entry, integration, about, openPlain));
  }

  async note(integration: Ours, group: string): Promise<unknown> {
    const entry = loginOf(this.options.definition.logins, group);
    return entry && this.options.tokens.note(this.loginOf(entry, integration, group));
  }

  private wish<A extends LoggedInCall>(
    entry: LoginEntry,
    integration: Ours,
    about: A,
    openPlain: OpenPlain<A>,
  ): LoginWish {
    const { definition, connector } = this.options;
    const idempotencyKey = `ponte-${definition.name}-${integration.id}-login`;
    const logIn = (endsAt: number): Promise<LoginAnswer> => {
      const call = openPlain(integration, { ...about, tokens: [], endsAt, idempotencyKey, isLogin: true });
      type Method = (call: Call<PartnerSettings>) => Promise<LoginAnswer>;
      return readLogin((connector as Record<string, Method>)[entry.method]!(call), integration.settings);
    };
    return { ...this.loginOf(entry, integration, about.group), endsAt: about.endsAt, logIn };
  }

  /** One for all groups, but for those that call another address: a token is shown to nobody who did not give it. */
  private loginOf(entry: LoginEntry, integration: Ours, group: string): LoginOf {
    const { settings } = integration;
    const baseUrl = this.options.definition.groups.get(group)?.(settings).baseUrl ?? settings.baseUrl;
    const shared = baseUrl === settings.baseUrl ? EVERY_GROUP : group;
    return { integration, scope: entry.group ?? shared, baseUrl };
  }
}

/** What a login of its own brought; `note` is what the partner said beside the token. */
export type LoginVerdict = { ok: true; note?: unknown } | Extract<ConnectionVerdict, { ok: false }>;

/** What a connection test says of a login that brought no token. */
export function verdictOf({ refusal, outcome: { reason } }: NoToken): Extract<ConnectionVerdict, { ok: false }> {
  if (refusal) return { ok: false, problem: 'credential', detail: refusal };
  return { ok: false, problem: 'unreachable', detail: { pt: reason, en: reason } };
}
