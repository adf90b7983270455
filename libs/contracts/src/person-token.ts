import { createHmac } from 'node:crypto';

/** Whose company: company "1" exists in every ERP. */
interface Owner {
  source: string;
  company: string;
}

const TOKEN_BYTES = 16;

/**
 * Stands for a document where the document may not stand. Whoever holds the key makes the same of the same document, and
 * nobody else can try documents against it; in another company the same person has another one.
 * @param document CPF or CNPJ in upper case, without punctuation @returns 32 hexadecimal digits
 */
export function personTokenOf(key: Buffer, { source, company }: Owner, document: string): string {
  const named = ['person', source, company, document].join('\n');
  return createHmac('sha256', key).update(named).digest().subarray(0, TOKEN_BYTES).toString('hex');
}
