import { isInstant } from '#libs/contracts';
import type { PartnerAnswer } from '../partner.js';
import type { BilledQuery } from './deps-account.js';
import { invalidRequest, NOT_FOUND } from './deps-answers.js';
import type { DepsCall } from './deps-call.js';

/** `/consultas/historico`: what was asked, newest first; it may lag behind what was billed. */
export function listHistory({ account, request: { query } }: DepsCall): PartnerAnswer {
  const [documento, product, since] = ['documento', 'identificadorProduto', 'desde'].map((name) => query.get(name));
  if (since && !isInstant(since)) return invalidRequest('desde');
  const rows = account.queries
    .read()
    .map(({ billed }) => billed)
    .filter((row) => !documento || row.documento === documento)
    .filter((row) => !product || row.identificadorProduto === product)
    .filter((row) => !since || Date.parse(row.dataConsulta) >= Date.parse(since));
  return { status: 200, body: rows.toReversed().map(shown), resource: 'query', externalId: documento ?? undefined };
}

/** `/consultas/historico/{id}`: the answer of the query, word for word. */
export function showHistory(id: string, { account }: DepsCall): PartnerAnswer {
  const found = account.queries.read().find(({ billed }) => billed.historicoConsultaId === id);
  if (!found) return { ...NOT_FOUND, resource: 'query' };
  return { status: 200, body: found.answer, resource: 'query', externalId: found.billed.documento };
}

function shown({ historicoConsultaId, dataConsulta, documento, identificadorProduto, usuario }: BilledQuery) {
  return { historicoConsultaId, dataConsulta, documento, identificadorProduto, usuario };
}
