import { Injectable } from '@nestjs/common';
import { delivered, refused, type Outcome } from '#libs/contracts';
import type { Call } from '#libs/connector-kit';
import { readCommon, type HttpMethod, type PartnerAnswer } from '#libs/partner';
import type { Financial } from './customerx.mapping.js';
import type { CustomerXSettings } from './customerx.settings.js';

type CustomerXCall = Call<CustomerXSettings>;

/** CustomerX's REST API, one method per call. */
@Injectable()
export class CustomerXApi {
  /**
   * There is no upsert for financials: change it; unknown there, create it; created meanwhile (our retry, their memory),
   * change it after all. Each step may be repeated.
   */
  async putFinancial(financial: Financial, call: CustomerXCall): Promise<Outcome> {
    const changed = await this.change(financial, call);
    if (changed.status !== 404) return readAnswer(changed);
    const created = await this.send(call, 'POST', financial);
    if (!isTaken(created)) return readAnswer(created);
    return readAnswer(await this.change(financial, call));
  }

  /** What is not there is deleted. */
  async deleteFinancial(externalId: string, call: CustomerXCall): Promise<Outcome> {
    const answer = await this.send(call, 'DELETE', undefined, externalId);
    return answer.status === 404 ? delivered(externalId, 'it was not there') : readAnswer(answer);
  }

  private change(financial: Financial, call: CustomerXCall): Promise<PartnerAnswer> {
    return this.send(call, 'PUT', financial, financial.external_id_financial);
  }

  private send(call: CustomerXCall, method: HttpMethod, body?: Financial, externalId?: string): Promise<PartnerAnswer> {
    return call.request({
      method,
      path: '/financials',
      query: { external_id_financial: externalId },
      headers: { ...authorizationOf(call.settings), 'idempotency-key': call.idempotencyKey },
      body,
    });
  }
}

/** The one place that reads CustomerX's answers. */
export function readAnswer(answer: PartnerAnswer): Outcome {
  const common = readCommon(answer);
  if (common) return common;
  if (answer.status < 300) return delivered(referenceIn(answer.body));
  return refused(`HTTP ${answer.status}: ${problemIn(answer.body)}`);
}

/** A licence may expect the token raw, as Bearer, or under a name of its own. */
function authorizationOf({ token, authorization }: CustomerXSettings): Record<string, string> {
  if (authorization === 'api_key') return { api_key: token.reveal() };
  return { authorization: authorization === 'bearer' ? `Bearer ${token.reveal()}` : token.reveal() };
}

interface ErrorBody {
  message?: unknown;
  error?: unknown;
  errors?: Record<string, unknown>;
}

function isTaken({ status, body }: PartnerAnswer): boolean {
  const taken = (body as ErrorBody | undefined)?.errors?.external_id_financial;
  return status === 422 && /taken/.test(JSON.stringify(taken ?? ''));
}

function referenceIn(body: unknown): string | undefined {
  const id = (body as { id?: unknown } | undefined)?.id;
  return id === undefined || id === null ? undefined : String(id);
}

/** Field names and their complaints: CustomerX's own words, which name no person. */
function problemIn(body: unknown): string {
  const { message, error, errors } = (body ?? {}) as ErrorBody;
  const fields = Object.entries(errors ?? {}).map(([field, complaint]) => `${field} ${[complaint].flat().join(', ')}`);
  if (fields.length > 0) return fields.join('; ');
  return String(message ?? error ?? 'sem explicação / no explanation');
}
