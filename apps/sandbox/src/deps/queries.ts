import { randomUUID } from 'node:crypto';
import { isCharge, isCnpj, isCpf } from '#libs/contracts';
import type { PartnerAnswer } from '../partner.js';
import { toCreditAnswer } from './credit-answer.js';
import type { BilledQuery, MadeQuery } from './deps-account.js';
import { CONSENT_PENDING, INVALID_DOCUMENT, invalidRequest, NO_DATA, NOT_CONTRACTED } from './deps-answers.js';
import { isAmong, isObject, type Body, type DepsCall } from './deps-call.js';
import type { DepsProduct } from './deps-settings.js';

interface Query {
  documento: string;
  product: DepsProduct;
  reuses: boolean;
  autorizacaoScr: boolean;
  codigoCentroCustos: string | null;
  limiteRequisitado: string | null;
}

/** `/consultas/depsmix`: a query that is made is billed; one that is refused, or answered from the history, is not. */
export function query(call: DepsCall): PartnerAnswer {
  const documento = call.body?.documento;
  return { ...ask(call), resource: 'query', externalId: typeof documento === 'string' ? documento : undefined };
}

function ask(call: DepsCall): PartnerAnswer {
  const complaint = complaintAbout(call.body);
  if (complaint !== undefined) return invalidRequest(complaint);
  const { documento, identificadorProduto } = call.body!;
  const personType = isCpf(documento) ? 'F' : isCnpj(documento) ? 'J' : undefined;
  if (!personType) return INVALID_DOCUMENT;
  const product = call.owner.produtos.find(({ identificador }) => identificador === identificadorProduto);
  if (product?.tipoPessoa !== personType) return NOT_CONTRACTED;
  return answerTo(readQuery(call.body!, product), call);
}

function answerTo(asked: Query, call: DepsCall): PartnerAnswer {
  const { account, settings } = call;
  const earlier = asked.reuses ? lastOf(asked, call) : undefined;
  if (earlier) {
    account.reused++;
    return { status: 200, body: earlier.answer, effect: 'unchanged' };
  }
  if (isAmong(settings.scrConsentNeeded, asked.documento) && !asked.autorizacaoScr && !hasConsent(asked, call))
    return CONSENT_PENDING;
  if (isAmong(settings.withoutData, asked.documento)) return NO_DATA;
  if (asked.autorizacaoScr) account.consents.add(asked.documento);
  return { status: 200, body: bill(asked, call).answer, effect: 'created' };
}

function bill({ documento, product, ...asked }: Query, { account, owner, nowIso }: DepsCall): MadeQuery {
  const historicoConsultaId = randomUUID();
  const billed: BilledQuery = {
    historicoConsultaId,
    dataConsulta: nowIso,
    documento,
    identificadorProduto: product.identificador,
    usuario: owner.email,
    codigoCentroCustos: asked.codigoCentroCustos,
    limiteRequisitado: asked.limiteRequisitado,
    autorizacaoScr: asked.autorizacaoScr,
  };
  const answer = toCreditAnswer({ historicoConsultaId, dataConsulta: nowIso, documento, product, account });
  const made = { billed, answer };
  account.queries.write(historicoConsultaId, made);
  return made;
}

/** The newest of the same document and product, however old: their side knows no interval. */
function lastOf({ documento, product }: Query, { account }: DepsCall): MadeQuery | undefined {
  return account.queries
    .rowsNow()
    .findLast(({ billed }) => billed.documento === documento && billed.identificadorProduto === product.identificador);
}

function hasConsent({ documento }: Query, { account }: DepsCall): boolean {
  return account.consents.has(documento);
}

function complaintAbout(body: Body | undefined): string | undefined {
  if (!body) return 'o corpo não é um objeto JSON';
  for (const field of ['reutilizarDadosExistentes', 'autorizacaoScr'])
    if (body[field] !== undefined && typeof body[field] !== 'boolean') return field;
  if (body.codigoCentroCustos != null && typeof body.codigoCentroCustos !== 'string') return 'codigoCentroCustos';
  if (body.limiteRequisitado != null && !isCharge(body.limiteRequisitado)) return 'limiteRequisitado';
  if (body.autorizacaoConsulta != null && !isAuthorisation(body.autorizacaoConsulta)) return 'autorizacaoConsulta';
  return undefined;
}

function isAuthorisation(value: unknown): boolean {
  return isObject(value) && ['documento', 'nome', 'email'].every((field) => typeof value[field] === 'string');
}

/** A flag that is left out is false: a query without "reuse" is a new one, and billed. */
function readQuery(body: Body, product: DepsProduct): Query {
  return {
    documento: body.documento as string,
    product,
    reuses: body.reutilizarDadosExistentes === true,
    autorizacaoScr: body.autorizacaoScr === true,
    codigoCentroCustos: (body.codigoCentroCustos as string | null | undefined) ?? null,
    limiteRequisitado: (body.limiteRequisitado as string | null | undefined) ?? null,
  };
}
