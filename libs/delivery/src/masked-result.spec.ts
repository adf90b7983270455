import { expect, it } from '@jest/globals';
import { maskedResult } from './masked-result.js';
import type { LaneResult } from './settle.js';

const body = { id: 'T1', customer: { name: 'Maria das Dores', document: '52998224725' } };

function resultOf(attempt: object): LaneResult {
  return { claim: {}, keep: false, attempt: { delivery: { body }, startedAt: new Date(0), ...attempt } } as LaneResult;
}

it('keeps of the words of a partner, or of an exception, nothing that names the person the delivery is about', () => {
  const reason = 'HTTP 422: MARIA DAS DORES (529.982.247-25, maria@dores.example) is taken in T1';
  const verdict = { kind: 'kept', state: 'parked', reason, waitMs: null, counted: true };
  const { attempt } = maskedResult(resultOf({ verdict, reason, note: 'for Maria das Dores' }));
  const masked = 'HTTP 422: [masked] ([masked], [masked]) is taken in T1';
  expect(attempt).toMatchObject({ verdict: { reason: masked, state: 'parked' }, reason: masked, note: 'for [masked]' });
});

it('leaves a reference as the partner calls it, unless it is the person', () => {
  const delivered = (reference: string) => ({ kind: 'final', state: 'delivered', reference, counted: true });
  const kept = (reference: string) => maskedResult(resultOf({ verdict: delivered(reference) })).attempt!.verdict;
  expect(kept('12345')).toEqual(delivered('12345'));
  expect(kept('fin-11144477735')).toEqual(delivered('fin-11144477735'));
  expect(kept('52998224725')).toEqual(delivered('[masked]'));
});

it('changes nothing of a lane that is handed back unsent', () => {
  const unsent = { claim: {}, keep: false } as LaneResult;
  expect(maskedResult(unsent)).toBe(unsent);
});
