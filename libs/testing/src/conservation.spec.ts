import { describe, expect, it } from '@jest/globals';
import { isEven, weigh, type CommittedEvent, type TakenCall } from './conservation.js';

const committed: CommittedEvent[] = [1, 2, 3].flatMap((sequence) => [
  { account: 'a', externalId: 'T1', sequence },
  { account: 'a', externalId: 'T2', sequence },
]);

const calls = (): TakenCall[] =>
  [1, 2, 3, 4, 5, 6].map((position) => ({
    account: 'a',
    externalId: position % 2 ? 'T1' : 'T2',
    idempotencyKey: `ponte-customerx-1-${position}`,
    bodyHash: String(position),
    verb: 'PUT',
    effect: 'changed',
    status: 200,
  }));

describe('the conservation checker', () => {
  it('finds an even balance even', () => {
    const verdict = weigh(committed, calls());
    expect(verdict).toEqual({ lost: [], doubled: [], repeated: [], reordered: [], unexplained: [], delivered: 6 });
    expect(isEven(verdict)).toBe(true);
  });

  it('names one that was dropped', () => {
    const verdict = weigh(committed, calls().toSpliced(2, 1));
    expect(verdict.lost).toEqual(['a/T1: 1 of 3 never came']);
    expect(isEven(verdict)).toBe(false);
  });

  it('names one that had a second effect', () => {
    const all = calls();
    const verdict = weigh(committed, all.toSpliced(1, 0, all[0]!));
    expect(verdict.doubled).toEqual(['a/T1 delivery 1']);
    expect(isEven(verdict)).toBe(false);
  });

  it('counts one that was only sent again', () => {
    const all = calls();
    const verdict = weigh(committed, all.toSpliced(1, 0, { ...all[0]!, effect: 'unchanged' }));
    expect(verdict.repeated).toEqual(['a/T1 delivery 1']);
    expect(isEven(verdict)).toBe(true);
  });

  it('names two that were swapped', () => {
    const all = calls();
    const verdict = weigh(committed, [all[2]!, all[1]!, all[0]!, ...all.slice(3)]);
    expect(verdict.reordered).toEqual(['a/T1 delivery 1 after 3']);
    expect(isEven(verdict)).toBe(false);
  });

  it('names one that came again after a later one', () => {
    const all = calls();
    const verdict = weigh(committed, [...all, { ...all[0]!, effect: 'unchanged' }]);
    expect(verdict.reordered).toEqual(['a/T1 delivery 1 after 5']);
  });

  it('takes a parked one as explained, and a silent one as lost', () => {
    const short = calls().toSpliced(4, 1);
    expect(isEven(weigh(committed, short, [{ account: 'a', externalId: 'T1', count: 1 }]))).toBe(true);
    expect(isEven(weigh(committed, short))).toBe(false);
  });

  it('names what nobody committed', () => {
    const stranger = { ...calls()[0]!, externalId: 'T9' };
    expect(weigh(committed, [...calls(), stranger]).unexplained).toEqual(['a/T9: 1 more came than were committed']);
  });

  it('does not count what the partner refused', () => {
    const refused = { ...calls()[0]!, effect: 'none', status: 500 };
    expect(isEven(weigh(committed, [refused, ...calls()]))).toBe(true);
  });
});
