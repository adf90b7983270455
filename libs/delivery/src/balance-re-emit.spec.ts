import { describe, expect, it } from '@jest/globals';
import { readArrival } from './arrival.js';
import { message, opened } from '../test/events.js';
import { WaysIn } from './way-in.js';

const waysIn = new WaysIn({
  readers: ['reader'],
  reEmitters: ['audit'],
  direct: [{ source: '/erp/demo', pattern: 'erp.customer.*.v1', users: ['erp-demo'] }],
});

/** What becomes of a message of this broker user that says who published it first. */
function parkedAs(userId: string, publishedBy?: string): string | undefined {
  const raw = message(opened('T1'));
  const headers = { ...raw.properties.headers, ...(publishedBy && { 'ponte-published-by': publishedBy }) };
  const properties = { ...raw.properties, userId, headers };
  return readArrival({ ...raw, properties }, new Date(), { knows: () => true, waysIn }).parked?.kind;
}

describe('an event that is published again', () => {
  it('comes in as from whoever published it first', () => {
    expect(parkedAs('audit', 'reader')).toBeUndefined();
  });

  it('stays out where its first publisher had no right to it', () => {
    expect(parkedAs('audit', 'erp-demo')).toBe('wrong-way-in');
    expect(parkedAs('audit')).toBe('wrong-way-in');
  });

  it('is not believed from anybody but the audit', () => {
    expect(parkedAs('erp-demo', 'reader')).toBe('wrong-way-in');
  });
});
