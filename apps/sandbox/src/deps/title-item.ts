import { isCalendarDate, isCharge, isCnpj, isCpf } from '#libs/contracts';
import type { Body } from './deps-call.js';

/** A title of a batch, every field of the proposed contract. */
export interface TitleItem {
  idExterno: string;
  documentoCliente: string;
  numero: string;
  parcela: string;
  tipo: 'TITULO' | 'CHEQUE';
  emissao: string;
  vencimento: string;
  vencimentoOriginal: string;
  valor: string;
  valorAberto: string;
  situacao: 'ABERTO' | 'PAGO' | 'PARCIAL' | 'CANCELADO';
  movimento: 'LANCAMENTO' | 'COBRANCA' | 'ESTORNO_COBRANCA';
  dataMovimento: string;
  valorMovimento: string;
  juros: string;
  multa: string;
  desconto: string;
}

export interface ItemRefusal {
  codigo: string;
  mensagem: string;
}

const RULES: Record<keyof TitleItem, (value: unknown) => boolean> = {
  idExterno: isWord,
  documentoCliente: isDocument,
  numero: isWord,
  parcela: isWord,
  tipo: isOneOf('TITULO', 'CHEQUE'),
  emissao: isCalendarDate,
  vencimento: isCalendarDate,
  vencimentoOriginal: isCalendarDate,
  valor: isCharge,
  valorAberto: isCharge,
  situacao: isOneOf('ABERTO', 'PAGO', 'PARCIAL', 'CANCELADO'),
  movimento: isOneOf('LANCAMENTO', 'COBRANCA', 'ESTORNO_COBRANCA'),
  dataMovimento: isCalendarDate,
  valorMovimento: isCharge,
  juros: isCharge,
  multa: isCharge,
  desconto: isCharge,
};
const FIELDS = Object.keys(RULES) as (keyof TitleItem)[];

/** Why an item is refused, if it is; the other items of its batch are taken all the same. */
export function refusalOf(item: Body, refusedTitles: readonly string[]): ItemRefusal | undefined {
  if (!isDocument(item.documentoCliente)) return { codigo: 'DEPS-010', mensagem: 'documento inválido' };
  if (refusedTitles.includes(String(item.idExterno))) return { codigo: 'DEPS-052', mensagem: 'título recusado' };
  const wrong = FIELDS.filter((field) => !RULES[field](item[field]));
  return wrong.length > 0 ? { codigo: 'DEPS-051', mensagem: `título inválido: ${wrong.join(', ')}` } : undefined;
}

/** Of an item that is not refused; fields nobody knows leave no trace. */
export function toTitleItem(item: Body): TitleItem {
  return Object.fromEntries(FIELDS.map((field) => [field, item[field]])) as unknown as TitleItem;
}

export function isSameTitle(one: TitleItem, other: TitleItem): boolean {
  return FIELDS.every((field) => one[field] === other[field]);
}

function isDocument(value: unknown): boolean {
  return isCpf(value) || isCnpj(value);
}

function isWord(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function isOneOf(...words: string[]): (value: unknown) => boolean {
  return (value) => words.some((word) => word === value);
}
