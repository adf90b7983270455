import { STATUS_CODES } from 'node:http';
import type { PartnerAnswer } from '../partner.js';

/** Their words for each refusal; the codes are the proposed contract, since the public pages show the shape alone. */
export const WRONG_CREDENTIALS = refusal('DEPS-001', 'credenciais inválidas');
export const USER_LOCKED = refusal('DEPS-002', 'usuário bloqueado');
export const PASSWORD_EXPIRED = refusal('DEPS-003', 'senha expirada');
export const INVALID_DOCUMENT = refusal('DEPS-010', 'documento inválido');
export const NOT_CONTRACTED = refusal('DEPS-020', 'produto não contratado');
export const CONSENT_PENDING = refusal('DEPS-030', 'autorização SCR pendente');
export const NO_DATA = refusal('DEPS-040', 'sem dados');
export const INVALID_TOKEN = refusal('DEPS-401', 'token inválido ou expirado', 401);
export const NOT_FOUND = refusal('DEPS-404', 'não encontrado', 404);
export const TOO_MANY_REQUESTS: PartnerAnswer = {
  ...refusal('DEPS-429', 'limite de requisições excedido', 429),
  headers: { 'retry-after': '60' },
};

export function invalidRequest(reason: string): PartnerAnswer {
  return refusal('DEPS-000', `requisição inválida: ${reason}`);
}

export function invalidBatch(reason: string, status = 400): PartnerAnswer {
  return refusal('DEPS-050', `lote inválido: ${reason}`, status);
}

/** A status asked for by a fault, worded as DEPS words it. */
export function wordsFor(status: number): PartnerAnswer {
  if (status < 300) return { status, body: [] };
  if (status === 400) return invalidRequest('recusada');
  const known = [INVALID_TOKEN, NOT_FOUND, TOO_MANY_REQUESTS].find((answer) => answer.status === status);
  return known ?? refusal(`DEPS-${status}`, STATUS_CODES[status] ?? 'erro', status);
}

function refusal(codigo: string, mensagem: string, status = 400): PartnerAnswer {
  return { status, body: { codigo, mensagem } };
}
