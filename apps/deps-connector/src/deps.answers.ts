import { delivered, refused, unknown, type AnswerCode, type Outcome } from '#libs/contracts';
import type { LoginAnswer } from '#libs/connector-kit';
import type { CreditResult } from '#libs/credit';
import { readCommon, type PartnerAnswer } from '#libs/partner';
import type { DepsTitle } from './deps.mapping.js';

/** One of the account's products [identificador de produtos]. */
export interface DepsProduct {
  identificador: string;
  nome: string;
  tipoPessoa: 'F' | 'J';
}

/** What is no product is left out. @param note what a login said, as it came; undefined before the first */
export function readProducts(note: unknown): DepsProduct[] {
  return Array.isArray(note) ? note.filter(isProduct) : [];
}

function isProduct(value: unknown): value is DepsProduct {
  const { identificador, nome, tipoPessoa } = Object(value) as Partial<Record<keyof DepsProduct, unknown>>;
  return typeof identificador === 'string' && typeof nome === 'string' && (tipoPessoa === 'F' || tipoPessoa === 'J');
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

/** What came of a query: an analysis; an answer that is none, and costs nothing; or what every call may meet. */
export type ReadQuery =
  | { kind: 'analysis'; result: CreditResult }
  | { kind: 'answer'; code: AnswerCode; text: string }
  | { kind: 'outcome'; outcome: Outcome };

const ANSWERS: Record<string, AnswerCode> = { 'DEPS-030': 'consent-pending', 'DEPS-040': 'no-data' };

interface Mix {
  historicoConsultaId?: unknown;
  dataConsulta?: unknown;
  linkCompartilhamento?: unknown;
  score?: { pontuacao?: unknown } | null;
  smart?: { situacao?: unknown; limiteSugerido?: unknown } | null;
}

/** That somebody has not consented, or that nothing is known, comes as HTTP 400 and is an answer. */
export function readAnalysis(answer: PartnerAnswer): ReadQuery {
  const common = readCommon(answer);
  if (common) return { kind: 'outcome', outcome: common };
  if (answer.status >= 300) return readRefusal(answer);
  const [first] = [answer.body as { mix?: Mix } | { mix?: Mix }[]].flat();
  const { historicoConsultaId: id, dataConsulta, linkCompartilhamento: link, score, smart } = first?.mix ?? {};
  const analyzedAt = new Date(String(dataConsulta));
  if (typeof id !== 'string' || Number.isNaN(analyzedAt.getTime()))
    return { kind: 'outcome', outcome: unknown('a DEPS respondeu sem consulta / DEPS answered without an analysis') };
  return {
    kind: 'analysis',
    result: {
      reference: id,
      analyzedAt,
      ...textsOf({ link, score: score?.pontuacao, situation: smart?.situacao, suggestedLimit: smart?.limiteSugerido }),
      raw: answer.body,
    },
  };
}

function readRefusal({ status, body }: PartnerAnswer): ReadQuery {
  const text = complaintIn(body, status);
  const code = ANSWERS[String((body as Complaint | undefined)?.codigo)];
  return code ? { kind: 'answer', code, text } : { kind: 'answer', code: 'refused', text };
}

/** Numbers as their text; what is neither is left out. */
function textsOf(values: Record<string, unknown>): Record<string, string> {
  const said = Object.entries(values).filter(([, value]) => ['string', 'number'].includes(typeof value));
  return Object.fromEntries(said.map(([name, value]) => [name, String(value)]));
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
