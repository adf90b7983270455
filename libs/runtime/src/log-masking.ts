import { cnpj, cpf } from 'cpf-cnpj-validator';

const MASK = '[masked]';
const MAX_DEPTH = 6;

/** Lower case without separators, so `X-Api-Key`, `apiKey` and `api_key` are one. */
const PRIVATE_FIELDS = new Set(
  (
    'authorization proxyauthorization cookie setcookie apikey xapikey password passwd secret secrets token accesstoken ' +
    'refreshtoken idtoken credential credentials chave privatekey document documents cpf cnpj cpfcnpj email emails phone ' +
    'phones telephone address birthdate customer payload body'
  ).split(' '),
);

/** The same fields with every private one masked, however deep; a log line cannot be the place where data leaks. */
export function maskFields(fields: Record<string, unknown>, depth = 0): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, isPrivate(name) ? MASK : maskValue(value, depth)]),
  );
}

function isPrivate(name: string): boolean {
  return PRIVATE_FIELDS.has(name.toLowerCase().replace(/[^a-z0-9]/g, ''));
}

function maskValue(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return '[deep]';
  if (Array.isArray(value)) return value.map((item) => maskValue(item, depth + 1));
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null
    ? maskFields(value as Record<string, unknown>, depth + 1)
    : value; // errors, requests, dates: their serialisers choose the fields
}

const BEARER = /\b(Bearer|Basic)\s+[\w.~+/=-]{8,}/gi;
const JWT = /\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g;
const URL_PASSWORD = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@"]*):[^\s/"]+@/gi;
const WRITTEN_CPF = /\b\d{3}\.\d{3}\.\d{3}-\d{2}\b/g;
const WRITTEN_CNPJ = /\b[0-9A-Z]{2}\.[0-9A-Z]{3}\.[0-9A-Z]{3}\/[0-9A-Z]{4}-\d{2}\b/g;
const BARE_CPF = /(?<![\w.-])\d{11}(?![\w-])/g;
const BARE_CNPJ = /(?<![\w.-])[0-9A-Z]{12}\d{2}(?![\w-])/g;

/** A finished line without what its free text may carry: a message of a driver or of a partner repeats what it was sent. */
export function maskLine(line: string): string {
  return line
    .replace(BEARER, `$1 ${MASK}`)
    .replace(JWT, MASK)
    .replace(URL_PASSWORD, `$1:${MASK}@`)
    .replace(WRITTEN_CPF, MASK)
    .replace(WRITTEN_CNPJ, MASK)
    .replace(BARE_CPF, (digits) => (cpf.isValid(digits) ? MASK : digits))
    .replace(BARE_CNPJ, (text) => (cnpj.isValid(text) ? MASK : text));
}
