import { createHash } from 'node:crypto';

const CNPJ_CHARACTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const CNPJ_WEIGHTS = [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2];

/** A valid CPF that belongs to nobody we know: the same seed always gives the same one. */
export function syntheticCpf(seed: string): string {
  const digits = [...bytesOf(`cpf/${seed}`)].slice(0, 9).map((byte) => byte % 10);
  if (digits.every((digit) => digit === digits[0])) digits[8] = (digits[8]! + 1) % 10; // 111.111.111-xx is refused everywhere
  digits.push(cpfCheckDigit(digits));
  digits.push(cpfCheckDigit(digits));
  return digits.join('');
}

/** A valid CNPJ of the kind issued until June 2026: digits only. */
export function syntheticCnpj(seed: string): string {
  return cnpjOf(seed, 10);
}

/** A valid CNPJ of the kind issued since July 2026: letters among the first twelve. */
export function syntheticAlphanumericCnpj(seed: string): string {
  return cnpjOf(seed, CNPJ_CHARACTERS.length);
}

function cnpjOf(seed: string, alphabetSize: number): string {
  const root = [...bytesOf(`cnpj/${seed}`)].slice(0, 8).map((byte) => CNPJ_CHARACTERS[byte % alphabetSize]);
  if (alphabetSize > 10) root[7] = CNPJ_CHARACTERS[10 + (bytesOf(seed)[0]! % 26)]; // at least one letter, always
  if (root.every((character) => character === root[0])) root[0] = root[0] === '1' ? '2' : '1';
  const base = `${root.join('')}0001`;
  const first = cnpjCheckDigit(base);
  return `${base}${first}${cnpjCheckDigit(`${base}${first}`)}`;
}

function cpfCheckDigit(digits: number[]): number {
  const sum = digits.reduce((total, digit, at) => total + digit * (digits.length + 1 - at), 0);
  return ((sum * 10) % 11) % 10;
}

/** IN RFB 2.229/2024: a character counts as its ASCII code − 48, so A is 17 and 0 stays 0. */
function cnpjCheckDigit(base: string): number {
  const weights = CNPJ_WEIGHTS.slice(-base.length);
  const sum = [...base].reduce((total, character, at) => total + (character.charCodeAt(0) - 48) * weights[at]!, 0);
  return sum % 11 < 2 ? 0 : 11 - (sum % 11);
}

function bytesOf(seed: string): Buffer {
  return createHash('sha256').update(seed).digest();
}
