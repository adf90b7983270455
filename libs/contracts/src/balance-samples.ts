import type { OutcomeData } from './outcome-catalogue.js';

const ROUND = { round: '0196f0c2-1a2b-7c3d-8e4f-5a6b7c8d3001', upTo: '2026-07-20T18:00:00Z' };
const HOUR = { type: 'erp.receivable.settled.v1', hour: '2026-07-20T17:00:00Z' };
const IDS = ['0196f0c2-1a2b-7c3d-8e4f-5a6b7c8d0002', '0196f0c2-1a2b-7c3d-8e4f-5a6b7c8d0003'];
const source = '/erp/demo';
const actor = 'sofia.suporte';

type Words = 'begun' | 'carried' | 'told' | 'listed' | 'differed' | 're-emit-requested' | 're-emitted';

export const BALANCE_SAMPLES: { readonly [S in `balance.${Words}.v1`]: OutcomeData<S> } = {
  'balance.begun.v1': ROUND,
  'balance.told.v1': ROUND,
  'balance.carried.v1': {
    round: ROUND.round,
    source,
    hours: [{ ...HOUR, count: 2, digest: '3c59dc048e8850243be8079a5c74d079' }],
  },
  'balance.differed.v1': { source, hours: [HOUR] },
  'balance.listed.v1': {
    ...HOUR,
    source,
    after: '00000000-0000-0000-0000-000000000000',
    upTo: 'ffffffff-ffff-ffff-ffff-ffffffffffff',
    ids: IDS,
    last: true,
  },
  'balance.re-emit-requested.v1': { differenceId: '12', source, ids: IDS, actor, reason: 'Binding restored' },
  'balance.re-emitted.v1': {
    differenceId: '12',
    connector: 'customerx',
    source,
    emitted: 1,
    refused: [{ id: IDS[1]!, reason: 'erased' }],
    actor,
  },
};
