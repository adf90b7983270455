import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Injectable } from '@nestjs/common';
import { absent, ambiguous, delivered, present, refused, unavailable } from '#libs/contracts';
import type { HubEvent, Outcome, Verification } from '#libs/contracts';
import { readCommon } from '#libs/partner';
import {
  Check,
  Connector,
  Deliver,
  nothing,
  Plan,
  SpendSettings,
  Verify,
  type Call,
  type ConnectionVerdict,
  type Planned,
} from '../src/index.js';
import { answerJson } from './local-partner.js';

export const SETTLES_WITHIN_MS = 300;

/** A credit bureau that charges for every analysis; it exists in these specs only. */
export class BureauSettings extends SpendSettings {}

export interface Analysis {
  document: string;
  mode?: 'login' | 'broken';
}

@Injectable()
@Connector({
  name: 'shop',
  settings: BureauSettings,
  groups: { bureau: () => ({}), removal: () => ({ exempt: true }) },
})
export class BureauConnector {
  @Plan('erp.receivable.opened.v1')
  planNothing(_event: HubEvent<'erp.receivable.opened.v1'>): Planned {
    return nothing('an analysis is asked for by a person');
  }

  @Deliver('analysis.buy', { group: 'bureau', effect: 'paid' })
  async buy({ document, mode }: Analysis, call: Call<BureauSettings>): Promise<Outcome> {
    if (mode === 'broken') throw new TypeError('the document is no document');
    if (mode === 'login') {
      const login = await call.request({ method: 'POST', path: '/login', body: {} }, { changesNothing: true });
      const common = readCommon(login);
      if (common) return common;
    }
    const headers = { 'idempotency-key': call.idempotencyKey };
    const answer = await call.request({ method: 'POST', path: '/analyses', headers, body: { document } });
    if (answer.status === 422) return refused('HTTP 422');
    return readCommon(answer) ?? delivered((answer.body as { id: string }).id);
  }

  @Verify('analysis.buy', { settlesWithinMs: SETTLES_WITHIN_MS })
  async find(_analysis: Analysis, call: Call<BureauSettings>): Promise<Verification> {
    const answer = await call.request({ method: 'GET', path: '/analyses', query: { key: call.idempotencyKey } });
    if (answer.status !== 200) return unavailable(`HTTP ${answer.status}`);
    const found = answer.body as { id: string }[];
    if (found.length > 1) return ambiguous(`${found.length} analyses under one key`);
    return found[0] ? present(found[0].id) : absent();
  }

  @Deliver('negativation.remove', { group: 'removal', effect: 'irreversible' })
  async remove({ document }: Analysis, call: Call<BureauSettings>): Promise<Outcome> {
    const answer = await call.request({ method: 'DELETE', path: '/negativations/{document}', params: { document } });
    return readCommon(answer) ?? delivered();
  }

  @Verify('negativation.remove', { settlesWithinMs: SETTLES_WITHIN_MS })
  async findRemoved(): Promise<Verification> {
    return absent();
  }

  @Check('bureau')
  checkBureau(call: Call<BureauSettings>): Promise<ConnectionVerdict> {
    return isThere(call);
  }

  @Check('removal')
  checkRemoval(call: Call<BureauSettings>): Promise<ConnectionVerdict> {
    return isThere(call);
  }
}

async function isThere(call: Call<BureauSettings>): Promise<ConnectionVerdict> {
  const { status } = await call.request({ method: 'GET', path: '/me' });
  const detail = { pt: `HTTP ${status}`, en: `HTTP ${status}` };
  return status === 200 ? { ok: true } : { ok: false, problem: 'unreachable', detail };
}

/** What the bureau does with the next request to buy; `undefined` charges and says so. */
export type Mischief = 'reset-after' | '502-after' | '502-before' | 'page-after' | '429' | '422' | 'hang-after';

export interface Bureau {
  url: string;
  /** Of each charge, the idempotency key it came under. */
  readonly charges: string[];
  readonly mischief: Mischief[];
  /** Answers 503 to so many logins and connection tests. */
  away: number;
  readonly tests: string[];
  close(): Promise<void>;
}

/** A real server on the loopback that counts what it charges. */
export async function startBureau(): Promise<Bureau> {
  const charges: string[] = [];
  const mischief: Mischief[] = [];
  const tests: string[] = [];
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url!, 'http://bureau');
    if (pathname !== '/analyses') {
      tests.push(`${request.method} ${pathname}`);
      if (bureau.away > 0) return void ((bureau.away -= 1), answerJson(response, 503, {}));
      return answerJson(response, 200, {});
    }
    if (request.method === 'GET') {
      const found = charges.flatMap((key, at) => (key === searchParams.get('key') ? [{ id: `A${at + 1}` }] : []));
      return answerJson(response, 200, found);
    }
    sell(request, response);
  });

  function sell(request: IncomingMessage, response: ServerResponse): void {
    const does = mischief.shift();
    if (does === '429') return void response.writeHead(429, { 'retry-after': '1' }).end('{}');
    if (does === '422') return answerJson(response, 422, {});
    if (does === '502-before') return answerJson(response, 502, {});
    charges.push(String(request.headers['idempotency-key']));
    if (does === 'reset-after') return void request.socket.destroy();
    if (does === 'hang-after') return;
    if (does === '502-after') return answerJson(response, 502, {});
    if (does === 'page-after') return void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>');
    answerJson(response, 200, { id: `A${charges.length}` });
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const bureau: Bureau = { url, charges, mischief, tests, away: 0, close };
  return bureau;

  async function close(): Promise<void> {
    server.closeAllConnections();
    server.close();
  }
}
