import { isCnpj, isCpf, type PersonType } from '#libs/contracts';
import { invalidRequest } from '#libs/runtime';

export interface Holder {
  document: string;
  personType: PersonType;
}

/**
 * `12.abc.345/01de-35` → `12ABC34501DE35`, J: however somebody types a CPF or CNPJ, it is one document. Its letters stay.
 * @throws Problem 400 for what is neither
 */
export function readDocument(text: string, pointer: string): Holder {
  const document = text.replaceAll(/[.\-/\s]/g, '').toUpperCase();
  if (isCpf(document)) return { document, personType: 'F' };
  if (isCnpj(document)) return { document, personType: 'J' };
  throw invalidRequest([{ pointer, detail: `${pointer.slice(1)} must be a valid CPF or CNPJ` }]);
}
