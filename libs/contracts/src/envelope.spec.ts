import { expect, it } from '@jest/globals';
import { ATTRIBUTE_LENGTHS, aggregateIdOf, aggregateOf, orderingKey } from './envelope.js';
import { envelopeProblems } from './read-envelope.js';
import { sampleOf } from './samples.js';

const x = (count: number) => 'x'.repeat(count);

/** The longest the reader takes of each attribute. */
const LONGEST: Record<keyof typeof ATTRIBUTE_LENGTHS, string> = {
  id: '0196f0c2-1a2b-7c3d-8e4f-5a6b7c8d0001',
  source: `/ponte/${x(64)}`,
  type: `erp.receivable.${x(102)}.v1`,
  subject: `${x(40)}/${'ç'.repeat(60)}${'😀'.repeat(60)}`,
  time: '2026-07-01T12:30:00.123456789+05:45',
  company: x(40),
  branch: x(40),
  actor: '😀'.repeat(120),
  sequence: '8999999999999999999',
  partitionkey: x(200),
  datacontenttype: `application/${x(60)}+json;${x(40)}`,
  dataschema: x(300),
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  tracestate: x(512),
};

it.each(Object.entries(LONGEST))('%s is taken at its full length and not one character longer', (name, longest) => {
  const lengthOf = ATTRIBUTE_LENGTHS[name as keyof typeof ATTRIBUTE_LENGTHS];
  expect([...longest]).toHaveLength(lengthOf);
  const event = sampleOf('erp.receivable.opened.v1');
  expect(envelopeProblems({ ...event, [name]: longest })).toEqual([]);
  const middle = Math.floor(longest.length / 4);
  const longer = `${longest.slice(0, middle)}${longest.at(middle - 1)}${longest.slice(middle)}`;
  expect(envelopeProblems({ ...event, [name]: longer })).toEqual([expect.stringContaining(`/${name} must be`)]);
});

it('keeps order by the partition key where there is one, else by the subject', () => {
  expect(orderingKey({ subject: 'receivable/1' })).toBe('receivable/1');
  expect(orderingKey({ subject: 'receivable/1', partitionkey: 'customer/9' })).toBe('customer/9');
});

it('takes a subject apart at its first slash: ids may hold one', () => {
  expect([aggregateOf('receivable/NF 1/2'), aggregateIdOf('receivable/NF 1/2')]).toEqual(['receivable', 'NF 1/2']);
});
