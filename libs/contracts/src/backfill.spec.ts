import { expect, it } from '@jest/globals';
import { BACKFILL_AGGREGATES, snapshotTypeOf } from './backfill.js';
import { isEventType } from './catalogue.js';
import type { HubEnvelope } from './envelope.js';
import { readEvent, readOutcomeEvent } from './read.js';
import { sampleOutcomeOf } from './sample-outcomes.js';
import { sampleOf } from './samples.js';
import { writeEvent } from './write.js';

const problemsOfEvent = (event: HubEnvelope) => {
  const { content, properties } = writeEvent(event);
  const read = readEvent(content, properties);
  return read.kind === 'invalid' ? read.problems : read.kind;
};

it('knows a snapshot of everything that can be walked through', () => {
  for (const aggregate of BACKFILL_AGGREGATES) expect(isEventType(snapshotTypeOf(aggregate))).toBe(true);
});

it('stands in the order of what it is about: a subject that says otherwise is told', () => {
  const started = sampleOf('ponte.backfill.started.v1');
  expect(problemsOfEvent(started)).toBe('event');
  expect(problemsOfEvent({ ...started, subject: 'receivable/1' })).toEqual([
    '/subject says receivable, but the type ponte.backfill.started.v1 is about a backfill',
  ]);
  expect(problemsOfEvent({ ...started, subject: 'backfill/branch' })).toEqual([
    '/data/aggregate says receivable, but /subject says branch',
  ]);
  expect(problemsOfEvent({ ...started, company: '2' })).toEqual(['/data/company says 1, but /company says 2']);
});

it('comes from the ERP whose rows it tells of, and is asked for by Ponte', () => {
  const started = sampleOf('ponte.backfill.started.v1');
  expect(problemsOfEvent({ ...started, source: '/ponte/erp-outbox-reader' })).toEqual([
    expect.stringContaining('can only come from /erp/<instance>'),
  ]);
  const request = sampleOutcomeOf('backfill.requested.v1');
  expect(request.type).toBe('ponte.backfill.requested.v1');
  const { content, properties } = writeEvent({ ...request, data: { ...request.data, source: '/ponte/customerx' } });
  expect(readOutcomeEvent(content, properties)).toMatchObject({
    kind: 'invalid',
    problems: ['/data/source must be /erp/<instance>'],
  });
});
