import { Injectable } from '@nestjs/common';
import { delivered, refusedUntil, type Outcome } from '#libs/contracts';
import type { Call } from '#libs/connector-kit';
import type { HttpMethod, PartnerAnswer } from '#libs/partner';
import { isClientUnknown, isTaken, readAnswer } from './customerx.answers.js';
import { clientLane, type Client } from './customerx.client-id.js';
import type { Financial } from './customerx.mapping.js';
import type { CustomerXSettings } from './customerx.settings.js';

type CustomerXCall = Call<CustomerXSettings>;
type Query = Record<string, string | number | undefined>;

/** CustomerX's REST API, one method per call. */
@Injectable()
export class CustomerXApi {
  /**
   * There is no upsert for financials: change it; unknown there, create it; created meanwhile (our retry, their memory),
   * change it after all. Each step may be repeated.
   */
  async putFinancial(financial: Financial, call: CustomerXCall): Promise<Outcome> {
    const changed = await this.change(financial, call);
    if (changed.status !== 404) return readFinancialAnswer(changed, financial);
    const created = await send(call, 'POST', '/financials', {}, financial);
    if (!isTaken(created)) return readFinancialAnswer(created, financial);
    return readFinancialAnswer(await this.change(financial, call), financial);
  }

  /** What is not there is deleted. */
  async deleteFinancial(externalId: string, call: CustomerXCall): Promise<Outcome> {
    const answer = await send(call, 'DELETE', '/financials', { external_id_financial: externalId });
    return answer.status === 404 ? delivered(externalId, 'it was not there') : readAnswer(answer);
  }

  /** Created or updated in one call; it may be repeated. */
  async putClient(client: Client, call: CustomerXCall): Promise<Outcome> {
    return readAnswer(await send(call, 'POST', '/clients/create_or_update', {}, client));
  }

  /** One page of what the account holds, 20 at the most. */
  listFinancials(page: number, call: CustomerXCall): Promise<PartnerAnswer> {
    return send(call, 'GET', '/financials', { page, per_page: 20 });
  }

  private change(financial: Financial, call: CustomerXCall): Promise<PartnerAnswer> {
    return send(call, 'PUT', '/financials', { external_id_financial: financial.external_id_financial }, financial);
  }
}

/** What CustomerX does not know the client of waits until the client is there. */
function readFinancialAnswer(answer: PartnerAnswer, { external_id_client: client }: Financial): Outcome {
  if (!isClientUnknown(answer)) return readAnswer(answer);
  const reason =
    `o CustomerX não conhece o cliente "${client}": o título segue quando o cliente existir / ` +
    `CustomerX does not know the client "${client}": the title goes when the client exists`;
  return refusedUntil(clientLane(client), reason);
}

function send(
  call: CustomerXCall,
  method: HttpMethod,
  path: string,
  query: Query,
  body?: object,
): Promise<PartnerAnswer> {
  const headers = { ...authorizationOf(call.settings), 'idempotency-key': call.idempotencyKey };
  return call.request({ method, path, query, headers, body });
}

/** A licence may expect the token raw, as Bearer, or under a name of its own. */
function authorizationOf({ token, authorization }: CustomerXSettings): Record<string, string> {
  if (authorization === 'api_key') return { api_key: token.reveal() };
  return { authorization: authorization === 'bearer' ? `Bearer ${token.reveal()}` : token.reveal() };
}
