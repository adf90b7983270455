import type { PartnerAnswer, PartnerRequest } from '../partner.js';
import type { DepsAccount } from './deps-account.js';
import type { DepsAccountSettings, DepsSettings } from './deps-settings.js';

export type Body = Record<string, unknown>;

/** A call with a good token: everything an endpoint acts on. */
export interface DepsCall {
  request: PartnerRequest;
  /** Undefined when it is no JSON object. */
  body: Body | undefined;
  account: DepsAccount;
  owner: DepsAccountSettings;
  settings: DepsSettings;
  nowIso: string;
}

export type Endpoint = (call: DepsCall) => PartnerAnswer;

export function readBody(text: string): Body | undefined {
  try {
    const body: unknown = JSON.parse(text);
    return isObject(body) ? body : undefined;
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether the document is one of those named, whole or by its end. */
export function isAmong(documents: readonly string[], documento: string): boolean {
  return documents.some((end) => documento.endsWith(end));
}
