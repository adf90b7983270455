import { randomBytes } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { personTokenOf } from './person-token.js';

const KEY = randomBytes(32);
const OWNER = { source: '/erp/demo', company: '1' };
const DOCUMENT = '52998224725';

it('A document has one token per key and company, which says nothing of it', () => {
  const token = personTokenOf(KEY, OWNER, DOCUMENT);
  expect(personTokenOf(KEY, OWNER, DOCUMENT)).toBe(token);
  expect(token).toMatch(/^[0-9a-f]{32}$/);
  const others = [
    personTokenOf(KEY, OWNER, '11144477735'),
    personTokenOf(KEY, { ...OWNER, company: '2' }, DOCUMENT),
    personTokenOf(KEY, { ...OWNER, source: '/erp/other' }, DOCUMENT),
    personTokenOf(randomBytes(32), OWNER, DOCUMENT),
  ];
  expect(new Set([token, ...others]).size).toBe(5);
});
