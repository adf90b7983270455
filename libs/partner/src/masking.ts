import { isCnpj, maskDocument } from '#libs/contracts';
import { maskLine } from '#libs/runtime';

export const MASK = '[masked]';

/** Names of headers and fields whose value opens a door, in the languages our partners speak. */
const SECRET_NAME =
  /authori[sz]ation|credential|credencial|secret|password|passwd|senha|token|cookie|api[-_]?key|signature|(^|[-_.])(key|chave|pwd|pass|pin)$/i;

/** Names of fields that hold a person: name, contact, address, birth. Documents are found by their shape. */
const PERSONAL_NAME =
  /^(name|nome|full_?name|company_?name|trading_?name|razao_?social|nome_?fantasia|client_?name|.*e-?mail|.*phone.*|telefone|celular|fone|street|address|endereco|logradouro|number|numero|complement|complemento|district|bairro|cep|zip_?code|birth.*|nascimento|data_?nascimento|mother.*|nome_?mae|rg|ie_rg|occupation)$/i;

export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** CPF and CNPJ as written by people and machines: with or without points, `\/` of PHP's JSON and `%2F` of a query. */
const CPF = /(?<![\w])\d{3}[. ]?\d{3}[. ]?\d{3}[-. /]?\d{2}(?![\w])/g;
const CNPJ_WRITTEN = /(?<![\w])[0-9A-Z]{2}[. ]?[0-9A-Z]{3}[. ]?[0-9A-Z]{3}(?:\\?\/|%2F)[0-9A-Z]{4}[- ]?\d{2}(?![\w])/gi;
const CNPJ_DIGITS = /(?<![\w])\d{14}(?![\w])/g;
const CNPJ_LETTERS = /(?<![\w])(?=[0-9A-Z]*[A-Z])[0-9A-Z]{12}\d{2}(?![\w])/gi;
const EMAIL = /[\w.+-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+/g;
const BEARER = /\b(Bearer|Basic|Token)\s+[\w.~+/=-]{6,}/gi;
const JWT = /\beyJ[\w-]{6,}\.[\w-]+(?:\.[\w-]*)?/g;
/** `senha=…`, `"token": "…"`, `<senha>…</senha>` in text that is no JSON we could walk. */
const NAMED_SECRET = new RegExp(
  String.raw`((?:authorization|credential|credencial|secret|password|senha|token|api[-_]?key|chave)\w*["']?\s*(?:[=:>]|%3D)\s*["']?)[^\s"'<>&,;}]+`,
  'gi',
);

/** Neither a word by itself nor so short a text can hold any of these: most fields are one or the other. */
const HARMLESS = /^(?:[A-Za-z_-]*|[^@=:>%]{0,10})$/;

/**
 * Text of any kind without documents, e-mails and secrets.
 * @param secrets values that must not appear anywhere, wherever a partner repeats them
 */
export function maskText(text: string, secrets: readonly string[] = []): string {
  const withoutSecrets = secrets.reduce((masked, secret) => masked.replaceAll(secret, MASK), text);
  if (HARMLESS.test(withoutSecrets)) return withoutSecrets;
  const masked = withoutSecrets
    .replace(BEARER, `$1 ${MASK}`)
    .replace(JWT, MASK)
    .replace(NAMED_SECRET, `$1${MASK}`)
    .replace(EMAIL, MASK)
    .replace(CNPJ_WRITTEN, (found) => maskDocument(found.replace(/\\?\/|%2F|[. -]/gi, '').toUpperCase()))
    .replace(CNPJ_DIGITS, maskDocument)
    .replace(CNPJ_LETTERS, (found) => (isCnpj(found.toUpperCase()) ? maskDocument(found.toUpperCase()) : found))
    .replace(CPF, (found) => maskDocument(found.replace(/[. /-]/g, '')));
  return maskLine(masked); // and what no log line may hold either: phones
}

/** The same for a parsed body, which knows its names: secret and personal fields are masked whole. */
export function maskValue(value: unknown, secrets: readonly string[] = []): unknown {
  if (typeof value === 'string') return maskText(value, secrets);
  if (typeof value === 'number') return maskNumber(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => maskValue(item, secrets));
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [maskText(name, secrets), maskField(name, field, secrets)]),
  );
}

/** Under a personal name, a list is a partner's complaint about that field (`"email": ["already taken"]`): worth reading. */
function maskField(name: string, field: unknown, secrets: readonly string[]): unknown {
  const isLeaf = typeof field === 'string' || typeof field === 'number';
  if (field !== null && isSecretName(name)) return MASK;
  return isLeaf && PERSONAL_NAME.test(name) ? MASK : maskValue(field, secrets);
}

/** A CPF sent as a number loses its leading zeros; its shape stays a number of nine to eleven, or a CNPJ's fourteen, digits. */
function maskNumber(value: number): unknown {
  return Number.isInteger(value) && /^(\d{9,11}|\d{13,14})$/.test(String(value)) ? MASK : value;
}
