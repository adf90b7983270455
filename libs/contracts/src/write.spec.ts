import { expect, it } from '@jest/globals';
import { envelopeProblems } from './read-envelope.js';
import { readEvent } from './read.js';
import { sampleOf } from './samples.js';
import { writeEnvelope, writeEvent } from './write.js';

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

it('repeats beside the body what brokers and people filter by', () => {
  const event = { ...sampleOf('erp.receivable.settled.v1'), traceparent: TRACEPARENT };
  expect(writeEvent(event)).toMatchObject({
    routingKey: 'erp.receivable.settled.v1',
    properties: {
      contentType: 'application/cloudevents+json',
      deliveryMode: 2,
      messageId: event.id,
      type: 'erp.receivable.settled.v1',
      timestamp: Date.parse('2026-07-20T17:31:40Z') / 1000,
      appId: '/erp/demo',
      headers: {
        'cloudEvents:id': event.id,
        'cloudEvents:type': 'erp.receivable.settled.v1',
        'cloudEvents:source': '/erp/demo',
        'cloudEvents:subject': 'receivable/4711-2',
        'cloudEvents:time': '2026-07-20T14:31:40-03:00',
        partitionkey: 'receivable/4711-2',
        traceparent: TRACEPARENT,
      },
    },
  });
});

it('always has a partition key: the one given, else the subject', () => {
  const event = sampleOf('erp.negativation.requested.v1');
  expect(writeEvent(event).properties.headers['partitionkey']).toBe('customer/8841');
  expect(writeEvent({ ...event, partitionkey: undefined }).properties.headers['partitionkey']).toBe('negativation/318');
});

it('sends JSON text of the ERP as it is written, digit by digit', () => {
  const { data, ...envelope } = sampleOf('erp.receivable.opened.v1');
  const text = JSON.stringify(data).replace('{', '{ "ours": 12345678901234567890.10, ');
  const { content, properties } = writeEnvelope(envelope, text);
  expect(content.toString()).toContain(`"data":${text}}`);
  expect(readEvent(content, properties).kind).toBe('event');
});

it('writes only what the reader takes once the envelope was asked about', () => {
  const event = sampleOf('erp.receivable.opened.v1');
  expect(envelopeProblems(event)).toEqual([]);
  const wrong = { ...event, id: '4711', company: '', time: '2026-06-10 09:02' };
  expect(envelopeProblems(wrong)).toEqual([
    '/id must be a UUID',
    '/time must be an RFC 3339 instant with offset, such as 2026-07-01T09:30:00-03:00',
    '/company must be the company code, 1 to 40 letters, digits, dots, dashes or underscores',
  ]);
  const { content, properties } = writeEvent(wrong);
  expect(readEvent(content, properties).kind).toBe('unreadable');
});
