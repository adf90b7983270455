import { delivered, refused, type Outcome } from '#libs/contracts';
import type { LoginAnswer } from '#libs/connector-kit';
import { readCommon, type PartnerAnswer } from '#libs/partner';
import type { DepsTitle } from './deps.mapping.js';

/** One of the account's products [identificador de produtos]. */
export interface DepsProduct {
  identificador: string;
  nome: string;
  tipoPessoa: 'F' | 'J';
}

interface Complaint {
  codigo?: unknown;
  mensagem?: unknown;
}

const STRANGE = { pt: 'A DEPS respondeu ao login sem token.', en: 'DEPS answered the login without a token.' };

/** The answer is a list of one; a refusal names what is wrong with the user. */
export function readLogin(answer: PartnerAnswer): LoginAnswer {
  if (answer.status === 400 || answer.status === 401) return { kind: 'refused', detail: wordsOf(answer.body) };
  const common = readCommon(answer);
  if (common) return common;
  type Login = { access_token?: unknown; expires_in?: unknown; produtos?: unknown };
  const [login] = [answer.body as Login | Login[]].flat();
  const { access_token: token, expires_in: expiresInSeconds, produtos: note } = login ?? {};
  if (typeof token !== 'string' || typeof expiresInSeconds !== 'number') return { kind: 'refused', detail: STRANGE };
  return { kind: 'token', token, expiresInSeconds, note };
}

/** What each title of a batch became: DEPS names those it refuses, and has taken all others. */
export function readBatch(answer: PartnerAnswer, titles: readonly DepsTitle[]): Outcome | Outcome[] {
  const common = readCommon(answer);
  if (common) return common;
  if (answer.status >= 300) return refused(complaintIn(answer.body, answer.status));
  const { loteId, rejeitados } = answer.body as { loteId?: unknown; rejeitados?: unknown };
  if (!Array.isArray(rejeitados)) return refused('a DEPS não disse o que recusou / DEPS did not say what it refused');
  const complaints = new Map(rejeitados.map((each: Complaint & { idExterno?: unknown }) => [each.idExterno, each]));
  return titles.map(({ idExterno }) => {
    const complaint = complaints.get(idExterno);
    return complaint ? refused(complaintIn(complaint, answer.status)) : delivered(String(loteId));
  });
}

function complaintIn(body: unknown, status: number): string {
  const { codigo, mensagem } = (body ?? {}) as Complaint;
  if (typeof codigo !== 'string') return `HTTP ${status}: sem explicação / no explanation`;
  return typeof mensagem === 'string' ? `${codigo}: ${mensagem}` : codigo;
}

function wordsOf(body: unknown): { pt: string; en: string } {
  const said = complaintIn(body, 400);
  return { pt: `A DEPS recusou o usuário: ${said}`, en: `DEPS refused the user: ${said}` };
}
