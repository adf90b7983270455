import { isCnpj, isCpf, maskDocument } from '#libs/contracts';
import { maskLine } from '#libs/runtime';
import { normaliseDocument } from '../intake/found-by.js';

const HIDDEN = '***';
const EMAIL = /[^\s@<>"']+@[^\s@<>"']+/g;

/** How each personal field is shown; what is not named here is shown with the documents and addresses in it masked. */
const MASKS: Readonly<Record<string, (text: string) => string>> = {
  document: (text) => maskDocument(normaliseDocument(text)),
  cnpj: (text) => maskDocument(normaliseDocument(text)),
  cpf: (text) => maskDocument(normaliseDocument(text)),
  name: initialsOf,
  tradingName: initialsOf,
  email: () => HIDDEN,
  phone: (text) => `${HIDDEN}${text.slice(-2)}`,
  address: () => HIDDEN,
  birthDate: () => HIDDEN,
  registration: () => HIDDEN,
  description: () => HIDDEN,
};

/** Parts whose `name` names a thing: an integration, a building project, a kind of occurrence. */
const THINGS = new Set(['integration', 'occurrenceType', 'development', 'unit']);

/** The data of an event with its person masked: enough to recognise it beside the paper, too little to identify. */
export function maskPersonal(value: unknown, field = '', within = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => maskPersonal(item, field, within));
  if (typeof value === 'object' && value !== null) return maskObject(value, field);
  const mask = field === 'name' && THINGS.has(within) ? undefined : MASKS[field];
  if (typeof value === 'string') return mask ? mask(value) : maskText(value);
  return mask ? HIDDEN : value;
}

function maskObject(value: object, field: string): unknown {
  if (field === 'address') return HIDDEN;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, maskPersonal(inner, name, field)]));
}

export function maskText(text: string): string {
  return maskLine(text.replace(EMAIL, HIDDEN));
}

/** `customer/52998224725`, or a user who signs in with a CPF: some ERPs make documents their ids. */
export function maskIdentifier(text: string): string {
  const slash = text.indexOf('/') + 1;
  const id = normaliseDocument(text.slice(slash));
  return isCpf(id) || isCnpj(id) ? `${text.slice(0, slash)}${maskDocument(id)}` : maskText(text);
}

function initialsOf(name: string): string {
  return name
    .split(/\s+/)
    .filter((word) => word !== '')
    .map((word) => `${[...word][0]}${HIDDEN}`)
    .join(' ');
}
