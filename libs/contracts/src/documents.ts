import { cnpj, cpf } from 'cpf-cnpj-validator';

const CPF_SHAPE = /^\d{11}$/;
const CNPJ_SHAPE = /^[0-9A-Z]{12}\d{2}$/;

/** 11 digits without punctuation, both check digits right, not all equal. */
export function isCpf(document: unknown): document is string {
  return typeof document === 'string' && CPF_SHAPE.test(document) && cpf.isValid(document, true);
}

/**
 * 14 characters without punctuation, upper case; the first twelve may be letters (Receita Federal, IN RFB 2.229/2024:
 * issued from July 2026). Stripping letters would turn one company into another: nobody may.
 */
export function isCnpj(document: unknown): document is string {
  return typeof document === 'string' && CNPJ_SHAPE.test(document) && cnpj.isValid(document, true);
}

/**
 * A document as logs, problems and screens may show it: enough to compare with a paper in hand, too little to
 * identify. `52998224725` → `***.982.247-**`, `12ABC34501DE35` → `12.ABC.345/****-**`, anything else → `***`.
 */
export function maskDocument(document: string): string {
  if (CPF_SHAPE.test(document)) return `***.${document.slice(3, 6)}.${document.slice(6, 9)}-**`;
  if (CNPJ_SHAPE.test(document)) {
    return `${document.slice(0, 2)}.${document.slice(2, 5)}.${document.slice(5, 8)}/****-**`;
  }
  return '***';
}
