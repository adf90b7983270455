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
/** `senha=…` in free text; not `"senha":`, which is a field's name and was looked at as such. */
const NAMED_SECRET =
  /\b((?:password|senha|secret|token|api[-_]?key|credential|chave)\s*(?:=|:\s)\s*)[^\s"'\\<>&,;}]{4,}/gi;
const EMAIL = /[\w.+-]{1,64}(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}/g;
const PHONE = /\+55[ ]?\(?\d{2}\)?[ ]?9?\d{4}[- ]?\d{4}(?!\d)|\(\d{2}\)[ ]?9?\d{4}[- ]?\d{4}(?!\d)/g;
const WRITTEN_CPF = /\b\d{3}\.\d{3}\.\d{3}-\d{2}\b/g;
const WRITTEN_CNPJ = /\b[0-9A-Z]{2}\.[0-9A-Z]{3}\.[0-9A-Z]{3}(?:\\{0,2}\/|%2F)[0-9A-Z]{4}-\d{2}\b/gi;
const BARE_CPF = /(?<![\w.-])\d{11}(?![\w-])/g;
const BARE_CNPJ = /(?<![\w.-])[0-9A-Z]{12}\d{2}(?![\w-])/gi;

/** A finished line without what its free text may carry: a message of a driver or of a partner repeats what it was sent. */
export function maskLine(line: string): string {
  return line
    .replace(BEARER, `$1 ${MASK}`)
    .replace(JWT, MASK)
    .replace(URL_PASSWORD, `$1:${MASK}@`)
    .replace(NAMED_SECRET, `$1${MASK}`)
    .replace(EMAIL, MASK)
    .replace(PHONE, MASK)
    .replace(WRITTEN_CPF, MASK)
    .replace(WRITTEN_CNPJ, MASK)
    .replace(BARE_CPF, (digits) => (cpf.isValid(digits) ? MASK : digits))
    .replace(BARE_CNPJ, (text) => (cnpj.isValid(text.toUpperCase()) ? MASK : text));
}

/** Fields whose value is a person, in our words and in those of partners. */
const PERSONAL_FIELD =
  /^(name|nome|(full|trading|company|client|legal|contact)_?name|razao_?social|nome_?fantasia|mother.*|nome_?mae|.*e-?mails?|.*phones?|telefone|celular|fone|street|endereco|logradouro|(.*_)?documents?|documento|cpf|cnpj|cpf_?cnpj|birth.*|nascimento)$/i;
/** Shorter, and it is found in the middle of words that mean something else. */
const SHORTEST_ECHO = 5;

/**
 * Somebody else's words about what they were sent, without the person in it: a name has no shape to be known by, but
 * whoever repeats it was told it, in `about`.
 */
export function maskEchoes(text: string, about: unknown): string {
  return personalValuesIn(about).reduce((masked, value) => masked.replace(wherever(value), MASK), text);
}

/** The same, and what is known by its shape. */
export function maskWords(text: string, about?: unknown): string {
  return maskLine(maskEchoes(text, about));
}

function wherever(value: string): RegExp {
  return new RegExp(value.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'), 'gi');
}

/** The longest first: a street inside an address must not leave the rest of it. */
function personalValuesIn(about: unknown): string[] {
  const found = new Set<string>();
  const look = (value: unknown, name: string, depth: number): void => {
    if (typeof value === 'string' && value.length >= SHORTEST_ECHO && PERSONAL_FIELD.test(name)) found.add(value);
    if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return;
    for (const [field, inner] of Object.entries(value)) look(inner, Array.isArray(value) ? name : field, depth + 1);
  };
  look(about, '', 0);
  return [...found].toSorted((one, other) => other.length - one.length);
}
