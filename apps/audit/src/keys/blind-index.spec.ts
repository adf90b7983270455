import { describe, expect, it } from '@jest/globals';
import { BlindIndex } from './blind-index.js';
import { newKey } from './sealed-bytes.js';

const index = new BlindIndex(newKey());
const ours = { owner: '/erp/demo', company: '1' };

describe('the blind index', () => {
  it('gives the same word in the same company the same token', () => {
    expect(index.token(ours, 'document', '52998224725')).toEqual(index.token({ ...ours }, 'document', '52998224725'));
  });

  it.each([
    ['company', { ...ours, company: '2' }, 'document', '52998224725'],
    ['ERP', { ...ours, owner: '/erp/other' }, 'document', '52998224725'],
    ['kind', ours, 'title', '52998224725'],
    ['word', ours, 'document', '52998224726'],
  ])('gives another %s another token, so that no two indexes can be compared', (_what, of, kind, value) => {
    expect(index.token(of, kind, value)).not.toEqual(index.token(ours, 'document', '52998224725'));
  });

  it('means nothing under another key', () => {
    const other = new BlindIndex(newKey());
    expect(other.token(ours, 'title', '4711')).not.toEqual(index.token(ours, 'title', '4711'));
  });
});
