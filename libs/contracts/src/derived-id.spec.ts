import { describe, expect, it } from '@jest/globals';
import { readEvent } from './read.js';
import { sampleOf } from './samples.js';

const { id: _id, ...SETTLED } = { ...sampleOf('erp.receivable.settled.v1'), sequence: '3', company: '1' };
const NAMELESS = { ...SETTLED, source: '/erp/demo', subject: 'receivable/4711-2' };

function idOf(event: object): string {
  const read = readEvent(Buffer.from(JSON.stringify(event)), {});
  return read.kind === 'event' ? read.event.id : `${read.kind}: ${JSON.stringify(read)}`;
}

describe('an event without an id', () => {
  it('gets the one that any UUID library gives for its source, company, type, subject and sequence', () => {
    const python = 'b401e4c9-e4c1-59ca-abb4-87cbdf8ddfb6';
    expect(idOf(NAMELESS)).toBe(python);
    expect(idOf({ ...NAMELESS, id: null, sequence: 3 })).toBe(python);
    expect(idOf({ ...NAMELESS, id: '', time: '2026-07-21T10:00:00-03:00' })).toBe(python);
  });

  it('gets it from its time, as written, where it has no sequence', () => {
    const timed = (time: string) => idOf({ ...NAMELESS, sequence: undefined, time });
    expect(timed('2026-07-20T10:00:00-03:00')).toBe(timed('2026-07-20T10:00:00-03:00'));
    expect(timed('2026-07-20T10:00:00-03:00')).not.toBe(timed('2026-07-20T10:00:01-03:00'));
  });

  it('is another event than that of another sequence, subject, company, type or source', () => {
    const subject = { subject: 'receivable/9', data: { ...SETTLED.data, receivableId: '9' } };
    const company = { company: '2', data: { ...SETTLED.data, company: '2' } };
    const changes = [{}, { sequence: '4' }, subject, company, { source: '/erp/other' }];
    expect(new Set(changes.map((change) => idOf({ ...NAMELESS, ...change }))).size).toBe(changes.length);
  });

  it('is invalid without sequence and time, and so is one whose id is no UUID', () => {
    expect(idOf({ ...NAMELESS, sequence: undefined, time: undefined })).toContain('/id is missing');
    expect(idOf({ ...NAMELESS, id: '4711' })).toContain('/id must be a UUID');
  });
});
