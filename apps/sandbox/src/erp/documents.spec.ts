import { describe, expect, it } from '@jest/globals';
import { isCnpj, isCpf } from '#libs/contracts';
import { syntheticAlphanumericCnpj, syntheticCnpj, syntheticCpf } from './documents.js';

const SEEDS = Array.from({ length: 500 }, (_, at) => `seed ${at}`);

describe('synthetic documents', () => {
  it('are valid, each of its kind', () => {
    for (const seed of SEEDS) {
      expect(isCpf(syntheticCpf(seed))).toBe(true);
      expect(isCnpj(syntheticCnpj(seed)) && /^\d{14}$/.test(syntheticCnpj(seed))).toBe(true);
      expect(isCnpj(syntheticAlphanumericCnpj(seed)) && /[A-Z]/.test(syntheticAlphanumericCnpj(seed))).toBe(true);
    }
  });

  it('are the same for the same seed and differ between seeds', () => {
    expect(syntheticCpf('a')).toBe(syntheticCpf('a'));
    expect(new Set(SEEDS.map(syntheticCpf)).size).toBe(SEEDS.length);
    expect(new Set(SEEDS.map(syntheticAlphanumericCnpj)).size).toBe(SEEDS.length);
  });
});
