import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Injectable } from '@nestjs/common';
import { absent, ambiguous, delivered, present, refused } from '#libs/contracts';
import type { HubEvent, Outcome, Verification } from '#libs/contracts';
import { readCommon } from '#libs/partner';
import type { Secret } from '#libs/runtime';
import { Setting } from '#libs/settings';
import {
  Check,
  Connector,
  Deliver,
  Login,
  nothing,
  Plan,
  SpendSettings,
  Verify,
  type Call,
  type ConnectionVerdict,
  type LoginAnswer,
  type Planned,
} from '../src/index.js';
import { answerJson } from './local-partner.js';

/** In every password and token of these specs. */
export const CANARY = 'canary-9e1f';
export const PASSWORD = `${CANARY}-senha`;
export const LOCKED = { pt: 'O usuário está bloqueado no parceiro.', en: 'The user is locked at the partner.' };

/** A partner one logs in at; it exists in these specs only. */
export class LoginSettings extends SpendSettings {
  @Setting({ label: { pt: 'Usuário', en: 'User' } })
  user: string = 'ponte';

  @Setting({ label: { pt: 'Senha', en: 'Password' }, secret: true })
  password!: Secret;

  /** Where the titles are, if elsewhere. */
  @Setting({ label: { pt: 'Endereço dos títulos', en: 'URL of the titles' } })
  titlesUrl: string = '';
}

type LoginCall = Call<LoginSettings>;

@Injectable()
@Connector({
  name: 'shop',
  settings: LoginSettings,
  groups: {
    bureau: () => ({}),
    titles: ({ titlesUrl }) => (titlesUrl ? { baseUrl: titlesUrl } : {}),
  },
})
export class LoginConnector {
  @Login({ authorize: (token) => ({ 'x-session': token }) })
  async login(call: LoginCall): Promise<LoginAnswer> {
    const { user, password } = call.settings;
    const body = { user, access: password.reveal() };
    const answer = await call.request({ method: 'POST', path: '/login', body });
    const common = readCommon(answer);
    if (common) return common;
    if (answer.status === 400) return { kind: 'refused', detail: LOCKED };
    const { session, expires_in, products } = answer.body as {
      session: string;
      expires_in: number;
      products: string[];
    };
    return { kind: 'token', token: session, expiresInSeconds: expires_in, note: products };
  }

  @Plan('erp.receivable.opened.v1')
  planNothing(_event: HubEvent<'erp.receivable.opened.v1'>): Planned {
    return nothing('these specs plan by hand');
  }

  @Deliver('title.put', { group: 'titles' })
  async putTitle({ id }: { id: string }, call: LoginCall): Promise<Outcome> {
    const answer = await call.request({ method: 'PUT', path: '/titles/{id}', params: { id }, body: { id } });
    if (answer.status === 422) return refused(`HTTP 422: ${answer.text}`, answer.body);
    return readCommon(answer) ?? delivered(id);
  }

  @Deliver('analysis.buy', { group: 'bureau', effect: 'paid' })
  async buy({ id, before }: { id: string; before?: () => void }, call: LoginCall): Promise<Outcome> {
    const answer = await call.request({ method: 'POST', path: '/analyses', body: { id } });
    before?.();
    if (before) await call.request({ method: 'GET', path: '/analyses' });
    return readCommon(answer) ?? delivered(id);
  }

  @Verify('analysis.buy', { settlesWithinMs: 300 })
  async find({ id }: { id: string }, call: LoginCall): Promise<Verification> {
    const answer = await call.request({ method: 'GET', path: '/analyses', query: { id } });
    if (answer.status !== 200) return ambiguous(`HTTP ${answer.status}`);
    return (answer.body as string[]).includes(id) ? present(id) : absent();
  }

  @Check('bureau')
  async checkBureau(call: LoginCall): Promise<ConnectionVerdict> {
    const { status } = await call.request({ method: 'GET', path: '/me' });
    const detail = { pt: `HTTP ${status}`, en: `HTTP ${status}` };
    return status === 200 ? { ok: true } : { ok: false, problem: 'strange-answer', detail };
  }
}

/** What it does with the next login; `undefined` lets in who has the password. */
export type LoginMischief = 'locked' | '503' | 'hang' | 'reset' | 'no-token';

export interface LoginPartner {
  url: string;
  password: string;
  /** A token is good until the next one is given. */
  rotates: boolean;
  expiresIn: number;
  /** The tokens that are good. */
  readonly tokens: Set<string>;
  readonly loginMischief: LoginMischief[];
  /** So many requests are answered 401, whatever token they carry. */
  turnsAway: number;
  /** How many logged in, or tried to. */
  logins: number;
  /** Passwords that were tried. */
  readonly tried: string[];
  /** Method, path and token of all other requests. */
  readonly requests: string[];
  readonly charges: string[];
  close(): Promise<void>;
}

/** A real server on the loopback. */
export async function startLoginPartner(): Promise<LoginPartner> {
  const server = createServer((request, response) => void answer(request, response));

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const { pathname } = new URL(request.url!, 'http://partner');
    if (pathname === '/login') return logIn(JSON.parse(body) as { access: string }, response);
    const token = String(request.headers['x-session']);
    partner.requests.push(`${request.method} ${pathname} ${token}`);
    const isTurnedAway = partner.turnsAway > 0;
    if (isTurnedAway) partner.turnsAway -= 1;
    if (isTurnedAway || !partner.tokens.has(token)) return answerJson(response, 401, { seen: token });
    if (pathname === '/titles/refused') return answerJson(response, 422, { seen: token, said: `not by ${token}` });
    if (request.method === 'POST') partner.charges.push((JSON.parse(body) as { id: string }).id);
    answerJson(response, 200, partner.charges);
  }

  function logIn({ access }: { access: string }, response: ServerResponse): void {
    partner.logins += 1;
    partner.tried.push(access);
    const does = partner.loginMischief.shift();
    if (does === 'hang') return;
    if (does === 'reset') return void response.destroy();
    if (does === '503') return answerJson(response, 503, {});
    if (does === 'no-token') return answerJson(response, 200, {});
    if (does === 'locked' || access !== partner.password)
      return answerJson(response, 400, { code: '002', said: `locked, with ${access}`, seen: access });
    if (partner.rotates) partner.tokens.clear();
    const session = `${CANARY}-${randomUUID()}`;
    partner.tokens.add(session);
    answerJson(response, 200, { session, again: session, expires_in: partner.expiresIn, products: ['Mix', 'Smart'] });
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const partner: LoginPartner = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    password: PASSWORD,
    rotates: false,
    expiresIn: 18_000,
    tokens: new Set(),
    loginMischief: [],
    turnsAway: 0,
    logins: 0,
    tried: [],
    requests: [],
    charges: [],
    close: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return partner;
}
