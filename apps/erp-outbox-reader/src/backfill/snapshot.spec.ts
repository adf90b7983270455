import { expect, it } from '@jest/globals';
import { readEvent, sampleOf } from '#libs/contracts';
import type { StartedBackfill } from './backfill.js';
import type { ExportRow } from './export-view.js';
import { rowToSnapshot, toFinished, toStarted } from './snapshot.js';

const WALK: StartedBackfill = {
  id: '0196f0c2-1a2b-7c3d-8e4f-5a6b7c8d2001',
  source: '/erp/test',
  company: '1',
  aggregate: 'receivable',
  requestedBy: 'rui',
  requestedAt: new Date('2026-07-27T04:59:00Z'),
  state: 'running',
  lastId: '',
  rows: 0,
  skipped: 0,
  startedAt: new Date('2026-07-27T05:00:00Z'),
};

const DATA = sampleOf('erp.receivable.snapshot.v1').data;

function rowOf(data: object, more: Partial<ExportRow> = {}): ExportRow {
  const payload = JSON.stringify(data);
  return { id: DATA.receivableId, branch: DATA.branch, sequence: '7', payload, bytes: payload.length, ...more };
}

function eventOf(row: ExportRow, walk = WALK) {
  const reading = rowToSnapshot(row, walk);
  if (reading.kind === 'skipped') throw new Error(reading.reason);
  return reading.event;
}

it('is the same event when the same row is sent again, and another one when the row has changed', () => {
  const once = eventOf(rowOf(DATA));
  expect(eventOf(rowOf(DATA))).toEqual(once);
  const ids = [
    once,
    eventOf(rowOf({ ...DATA, sequence: 8 })),
    eventOf(rowOf(DATA), { ...WALK, id: '0196f0c2-1a2b-7c3d-8e4f-5a6b7c8d2002' }),
    eventOf(rowOf(DATA), { ...WALK, startedAt: new Date('2026-07-27T06:00:00Z') }),
  ].map(({ properties }) => properties.messageId);
  expect(new Set(ids).size).toBe(4);
});

it('arrives as a snapshot of the catalogue, at the time the walk began', () => {
  const { content, properties } = eventOf(rowOf(DATA));
  expect(readEvent(content, properties)).toMatchObject({
    kind: 'event',
    event: {
      type: 'erp.receivable.snapshot.v1',
      subject: 'receivable/5120-1',
      time: '2026-07-27T05:00:00.000Z',
      sequence: '7',
    },
  });
});

it.each([
  ['a balance that does not hold', rowOf({ ...DATA, openAmount: '1.00' }), /openAmount/],
  ['another id in its data', rowOf(DATA, { id: '9-9' }), /\/data\/receivableId says 5120-1, but \/subject says 9-9/],
  ['a movement', rowOf({ ...DATA, movement: sampleOf('erp.receivable.opened.v1').data.movement }), /movement/],
  ['an id that is none', rowOf(DATA, { id: ' padded ' }), /\/subject must be/],
  ['no data', rowOf(DATA, { payload: 'null', bytes: 4 }), /\/data/],
  ['data too large to travel', rowOf(DATA, { payload: null, bytes: 1_200_000 }), /the row has 1200000 bytes/],
])('is not made of a row with %s: nobody could take it, and live events would wait behind it', (_what, row, reason) => {
  expect(rowToSnapshot(row, WALK)).toEqual({ kind: 'skipped', reason: expect.stringMatching(reason) });
});

it('stands between two marks that everybody can read', () => {
  const marks = [
    toStarted(WALK),
    toFinished({ ...WALK, rows: 12, skipped: 2, finishedAt: new Date('2026-07-27T05:01:00Z') }, [
      { id: '9-9', reason: 'no' },
      { id: 'x'.repeat(121), reason: 'too long' },
    ]),
  ].map(({ content, properties }) => readEvent(content, properties));
  expect(marks).toMatchObject([
    {
      kind: 'event',
      event: { type: 'ponte.backfill.started.v1', subject: 'backfill/receivable', data: { backfillId: WALK.id } },
    },
    {
      kind: 'event',
      event: { type: 'ponte.backfill.finished.v1', data: { rows: 12, skipped: 2, skippedIds: ['9-9'] } },
    },
  ]);
});
