/** A person an event is about, as far as the event names one. */
export interface Person {
  /** CPF or CNPJ, normalised. */
  document?: string;
  /** The ERP's own id of the customer. */
  customerId?: string;
  /** Stands for the document of somebody who is no customer. */
  token?: string;
}

/** Something an entry is found by without standing in clear. */
export interface SearchWord {
  kind: 'document' | 'title' | 'subject';
  value: string;
}

type Fields = Readonly<Record<string, unknown>>;

const LONGEST_WORD = 200;
const MOST_WORDS = 1_200;

/** Upper case without punctuation or spaces; letters stay, since a CNPJ has them. */
export function normaliseDocument(document: string): string {
  return document.replace(/[.\-/\s]/g, '').toUpperCase();
}

export function normaliseWord(text: string): string {
  return text.normalize('NFC').trim().toUpperCase();
}

/** Whose data it is: the customer of a title, contract or request, the customer itself, or whom an outcome's keys name. */
export function personOf(data: unknown): Person | undefined {
  const fields = fieldsOf(data);
  const customer = fieldsOf(fields.customer);
  const document = textOf(customer.document) ?? textOf(fields.document);
  const customerId = textOf(customer.id) ?? textOf(fields.customerId) ?? textOf(fieldsOf(fields.keys).customerId);
  const token = textOf(fields.personToken);
  if (document === undefined && customerId === undefined && token === undefined) return undefined;
  return { document: document && normaliseDocument(document), customerId, token };
}

/** What the support desk types: documents, title numbers, and every aggregate the event names, as `<aggregate>/<id>`. */
export function searchWordsOf(subject: string, data: unknown): SearchWord[] {
  const fields = fieldsOf(data);
  const keys = fieldsOf(fields.keys);
  const titles = listOf(fields.titles).map(fieldsOf);
  const { document, customerId } = personOf(data) ?? {};
  const isReceivable = textOf(fields.receivableId) !== undefined;
  const words = [
    ...wordsOf('document', [document]),
    ...wordsOf('title', [isReceivable && fields.number, keys.titleNumber, ...titles.map(({ number }) => number)]),
    ...wordsOf('subject', [
      subject,
      fieldsOf(fields.event).subject,
      aggregate('customer', customerId),
      aggregate('contract', fields.contractId ?? keys.contractId),
      aggregate('occurrence', fields.occurrenceId ?? keys.occurrenceId),
      aggregate('receivable', fields.receivableId ?? keys.receivableId),
      ...titles.map(({ receivableId }) => aggregate('receivable', receivableId)),
    ]),
  ];
  return [...new Map(words.map((word) => [`${word.kind} ${word.value}`, word])).values()].slice(0, MOST_WORDS);
}

export function searchWord(kind: SearchWord['kind'], value: string): SearchWord {
  return { kind, value: kind === 'document' ? normaliseDocument(value) : normaliseWord(value) };
}

function wordsOf(kind: SearchWord['kind'], values: unknown[]): SearchWord[] {
  return values.flatMap((value) => {
    const text = textOf(value);
    return text === undefined ? [] : [searchWord(kind, text)];
  });
}

function aggregate(name: string, id: unknown): string | undefined {
  const text = textOf(id);
  return text && `${name}/${text}`;
}

export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= LONGEST_WORD ? value : undefined;
}
