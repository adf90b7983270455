import type { Clock } from '#libs/runtime';
import type { FaultSwitch } from '../partner-faults.js';
import type { Partner, PartnerAnswer, PartnerRequest } from '../partner.js';
import { RateWindow } from '../rate-window.js';
import { DepsAccount } from './deps-account.js';
import {
  INVALID_TOKEN,
  NOT_FOUND,
  PASSWORD_EXPIRED,
  TOO_MANY_REQUESTS,
  USER_LOCKED,
  wordsFor,
  WRONG_CREDENTIALS,
} from './deps-answers.js';
import { readBody, type DepsCall, type Endpoint } from './deps-call.js';
import { DepsSettings, type DepsAccountSettings } from './deps-settings.js';
import { query } from './queries.js';
import { listHistory, showHistory } from './query-history.js';
import { takeBatch } from './receivables.js';
import { Tokens } from './tokens.js';

const LOGIN = '/api/v3/conta/entrar';
const HISTORY = '/api/v3/consultas/historico';
const ROUTES: Record<string, Endpoint> = {
  'POST /api/v3/consultas/depsmix': query,
  [`GET ${HISTORY}`]: listHistory,
  'POST /api/v3/contas-receber/lotes': takeBatch,
};

/**
 * DEPS (credit analysis) as its public pages and clients describe it, under `/deps/api/v3`; the intake of receivables
 * and the list of the history are proposals, since nothing of them is public.
 */
export class Deps implements Partner {
  readonly name = 'deps';
  private accounts = new Map<string, DepsAccount>();
  private rates = new Map<string, RateWindow>();
  private readonly tokens: Tokens;
  /** What the accounts hold stays when it changes; it belongs to the account's name. */
  settings: DepsSettings;

  constructor(
    private readonly clock: Clock,
    private readonly faults: FaultSwitch,
    private readonly initial: DepsSettings = new DepsSettings(),
  ) {
    this.settings = initial;
    this.tokens = new Tokens(clock);
  }

  /** What the account of this name holds. */
  account(name: string): DepsAccount {
    let account = this.accounts.get(name);
    if (!account) this.accounts.set(name, (account = new DepsAccount(name, this.clock, this.faults)));
    return account;
  }

  /** By the token, be it over, or by a right e-mail and password. */
  accountOf(request: PartnerRequest): string | undefined {
    return this.ownerOf(request)?.name;
  }

  answer(request: PartnerRequest): PartnerAnswer {
    const owner = this.ownerOf(request);
    const isLogin = request.path === LOGIN && request.verb === 'POST';
    if (!owner) return isLogin ? WRONG_CREDENTIALS : INVALID_TOKEN;
    if (!this.isWithinRate(owner.name)) return TOO_MANY_REQUESTS;
    if (isLogin) return { ...this.login(owner), resource: 'login' };
    return this.hasGoodToken(request, owner) ? this.act(request, owner) : INVALID_TOKEN;
  }

  wordsFor(status: number): PartnerAnswer {
    return wordsFor(status);
  }

  /** Every account that may log in, and those that once could and hold something. */
  state(only?: string) {
    const names = new Set([...this.settings.accounts.map(({ name }) => name), ...this.accounts.keys()]);
    const wanted = [...names].filter((name) => only === undefined || name === only);
    return { settings: this.settings, accounts: wanted.map((name) => this.account(name).state()) };
  }

  reset(): void {
    this.accounts = new Map();
    this.rates = new Map();
    this.tokens.clear();
    this.settings = this.initial;
  }

  private login({ name, email, user, produtos }: DepsAccountSettings): PartnerAnswer {
    if (user === 'locked') return USER_LOCKED;
    if (user === 'expired') return PASSWORD_EXPIRED;
    this.account(name).logins++;
    const { tokenLifetimeS } = this.settings;
    const body = {
      access_token: this.tokens.issue(name, tokenLifetimeS),
      expires_in: tokenLifetimeS,
      user: { id: `u-${name}`, nome: `Ponte ${name}`, email, ativo: true, clienteId: `c-${name}` },
      produtos: produtos.map(({ identificador, nome, tipoPessoa }) => ({ identificador, nome, tipoPessoa })),
    };
    return { status: 200, body: [body] };
  }

  private act(request: PartnerRequest, owner: DepsAccountSettings): PartnerAnswer {
    const call: DepsCall = {
      request,
      body: readBody(request.text),
      account: this.account(owner.name),
      owner,
      settings: this.settings,
      nowIso: this.clock.now().toISOString(),
    };
    const endpoint = ROUTES[`${request.verb} ${request.path}`];
    if (endpoint) return endpoint(call);
    const [folder, id] = [request.path.slice(0, HISTORY.length), request.path.slice(HISTORY.length + 1)];
    return request.verb === 'GET' && folder === HISTORY && id ? showHistory(id, call) : NOT_FOUND;
  }

  private ownerOf(request: PartnerRequest): DepsAccountSettings | undefined {
    const { accounts } = this.settings;
    if (request.path !== LOGIN) {
      const name = this.tokens.accountOf(tokenOf(request));
      return accounts.find((account) => account.name === name);
    }
    const body = readBody(request.text);
    return accounts.find(({ email, senha }) => email === body?.email && senha === body.senha);
  }

  private hasGoodToken(request: PartnerRequest, { name, user }: DepsAccountSettings): boolean {
    return user !== 'locked' && this.tokens.isLiving(tokenOf(request), this.faults.tokenLifetimeS(name));
  }

  /** DEPS tells of no limit of its own; a fault may set one. */
  private isWithinRate(name: string): boolean {
    const perMinute = this.faults.rateLimitPerMinute(name, 0);
    if (perMinute === 0) return true;
    let rate = this.rates.get(name);
    if (!rate) this.rates.set(name, (rate = new RateWindow(this.clock)));
    return rate.take(perMinute).allowed;
  }
}

function tokenOf({ headers: { authorization = '' } }: PartnerRequest): string {
  return authorization.startsWith('Bearer ') ? authorization.slice('Bearer '.length) : '';
}
