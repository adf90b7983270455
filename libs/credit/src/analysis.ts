import type { AnswerCode, PersonType } from '#libs/contracts';

export type AnalysisState = 'waiting' | 'completed' | 'answered' | 'canceled';

/** A row of the table, as pg gives it. */
export interface AnalysisRow {
  number: string;
  id: string;
  integration_id: string;
  source: string;
  company: string;
  branch: string | null;
  document: string;
  person_type: PersonType;
  customer_id: string | null;
  customer_name: string | null;
  product: string;
  cost: string;
  request_id: string;
  requested_by: string;
  requested_at: Date;
  replaces: string | null;
  state: AnalysisState;
  reference: string | null;
  analyzed_at: Date | null;
  link: string | null;
  score: string | null;
  situation: string | null;
  suggested_limit: string | null;
  answer_code: AnswerCode | null;
  answer_text: string | null;
  completed_at: Date | null;
}

/** One question to a bureau, and what came of it. */
export interface Analysis {
  /** That of the wish, and the permanent key of its paid delivery. */
  id: string;
  /** In the order they were asked for. */
  number: string;
  integrationId: string;
  source: string;
  company: string;
  branch?: string;
  document: string;
  personType: PersonType;
  customerId?: string;
  customerName?: string;
  product: string;
  /** Money. */
  cost: string;
  requestId: string;
  requestedBy: string;
  requestedAt: Date;
  /** The one somebody was shown, and wanted a new one all the same. */
  replaces?: string;
  /** `answered`: it came to its end without an analysis. */
  state: AnalysisState;
  reference?: string;
  /** As the partner dates it. */
  analyzedAt?: Date;
  link?: string;
  score?: string;
  situation?: string;
  suggestedLimit?: string;
  answerCode?: AnswerCode;
  answerText?: string;
  completedAt?: Date;
}

export function toAnalysis(row: AnalysisRow): Analysis {
  const { id, number, source, company, document, product, cost, state } = row;
  return withoutNulls<Analysis>({
    ...{ id, number, source, company, document, product, cost, state },
    integrationId: row.integration_id,
    branch: row.branch,
    personType: row.person_type,
    customerId: row.customer_id,
    customerName: row.customer_name,
    requestId: row.request_id,
    requestedBy: row.requested_by,
    requestedAt: row.requested_at,
    replaces: row.replaces,
    reference: row.reference,
    analyzedAt: row.analyzed_at,
    link: row.link,
    score: row.score,
    situation: row.situation,
    suggestedLimit: row.suggested_limit,
    answerCode: row.answer_code,
    answerText: row.answer_text,
    completedAt: row.completed_at,
  });
}

type Nullable<T> = { [K in keyof T]: object extends Pick<T, K> ? T[K] | null : T[K] };

/** A column without a value is a field that is not there. */
export function withoutNulls<T extends object>(fields: Nullable<T>): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined)) as T;
}
