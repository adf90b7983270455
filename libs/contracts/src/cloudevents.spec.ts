import { describe, expect, it } from '@jest/globals';
import { readEvent } from './read.js';
import { sampleOf } from './samples.js';

const { data, ...attributes } = sampleOf('erp.negativation.requested.v1');
const EVENT = { ...attributes, data };
const JSON_TYPE = 'application/json';
const body = Buffer.from(JSON.stringify(data));

function headers(prefix: string, change: Record<string, unknown> = {}): Record<string, unknown> {
  const { datacontenttype: _, ...named } = attributes;
  return Object.fromEntries(Object.entries({ ...named, ...change }).map(([name, value]) => [prefix + name, value]));
}

describe('a binary CloudEvent', () => {
  it.each(['cloudEvents:', 'cloudEvents_'])('is read from headers that begin with %s', (prefix) => {
    const read = readEvent(body, { contentType: JSON_TYPE, headers: headers(prefix) });
    expect(read).toEqual({ kind: 'event', event: EVENT });
  });

  it('may have its attributes as the numbers, bytes and timestamps of other clients', () => {
    const typed = {
      company: 1,
      branch: Buffer.from('3'),
      sequence: 9n,
      time: { '!': 'timestamp', value: 1789473600 },
    };
    const read = readEvent(body, { contentType: JSON_TYPE, headers: headers('cloudEvents:', typed) });
    expect(read).toMatchObject({
      kind: 'event',
      event: { company: '1', branch: '3', sequence: '9', time: '2026-09-15T12:00:00.000Z' },
    });
  });

  it('holds its key when its data is broken, because the headers still name it', () => {
    const read = readEvent(Buffer.from('{"a":'), { contentType: JSON_TYPE, headers: headers('cloudEvents:') });
    expect(read).toMatchObject({
      kind: 'invalid',
      envelope: { id: EVENT.id, partitionkey: 'customer/8841' },
      problems: [expect.stringMatching(/^\/data is not valid JSON/)],
    });
  });

  it('holds its key when its data is missing or no JSON', () => {
    const all = headers('cloudEvents:');
    expect(readEvent(Buffer.alloc(0), { contentType: JSON_TYPE, headers: all })).toMatchObject({
      kind: 'invalid',
      problems: ['/data is missing'],
    });
    expect(readEvent(Buffer.from('<a/>'), { contentType: 'text/xml', headers: all })).toMatchObject({
      kind: 'invalid',
      problems: ['/data cannot be read: it is not JSON', '/datacontenttype must be application/json'],
    });
  });

  it('without an id is told apart from another with the same data by its other headers', () => {
    const idOf = (change: object) => {
      const all = headers('cloudEvents:', { id: undefined, ...change });
      const read = readEvent(body, { contentType: JSON_TYPE, headers: all });
      return read.kind === 'event' ? read.event.id : read.kind;
    };
    expect(idOf({})).toBe(idOf({}));
    expect(idOf({ sequence: 8n })).not.toBe(idOf({ sequence: 9n }));
  });

  it('is unreadable when the headers do not say whose it is', () => {
    const all = headers('cloudEvents:', { company: { nested: true } });
    expect(readEvent(body, { contentType: JSON_TYPE, headers: all })).toMatchObject({ kind: 'unreadable' });
  });
});

describe('a structured CloudEvent', () => {
  const structured = Buffer.from(JSON.stringify(EVENT));

  it('is what its body says, whatever the mirrored headers say', () => {
    const mirrored = { 'cloudEvents:id': 'other', 'cloudEvents:subject': 'other/1', partitionkey: 'other' };
    const read = readEvent(structured, { contentType: 'application/cloudevents+json', headers: mirrored });
    expect(read).toEqual({ kind: 'event', event: EVENT });
  });

  it('is one event per message', () => {
    const read = readEvent(Buffer.from(`[${structured}]`), { contentType: 'application/cloudevents-batch+json' });
    expect(read).toEqual({ kind: 'unreadable', reason: 'a batch: one message carries one event' });
  });
});
