import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EVENT_TYPES } from './catalogue.js';
import { readEvent, readOutcomeEvent } from './read.js';
import { sampleOf } from './samples.js';
import { writeEvent } from './write.js';

const KINDS = ['event', 'outcome', 'unknown-type', 'invalid', 'unreadable'];

const headers = fc.dictionary(
  fc.oneof(
    fc
      .constantFrom('specversion', 'id', 'source', 'company', 'subject', 'time', 'type')
      .map((name) => `cloudEvents:${name}`),
    fc.string(),
    fc.constant('__proto__'),
  ),
  fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true, withTypedArray: true }),
);
const properties = fc.record(
  {
    contentType: fc.constantFrom('application/cloudevents+json', 'application/json', 'text/plain', ''),
    headers: fc.oneof(headers, fc.constant(undefined)),
  },
  { requiredKeys: [] },
);

it('never throws, whatever the bytes and the headers', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), properties, (bytes, around) => {
      expect(KINDS).toContain(readEvent(Buffer.from(bytes), around).kind);
      expect(KINDS).toContain(readOutcomeEvent(Buffer.from(bytes), around).kind);
    }),
    { numRuns: 1000 },
  );
});

it('never throws, whatever the JSON', () => {
  fc.assert(
    fc.property(fc.json({ stringUnit: 'binary' }), properties, (text, around) => {
      expect(KINDS).toContain(readEvent(Buffer.from(text), around).kind);
    }),
    { numRuns: 1000 },
  );
});

it('never throws on an event with anything in place of anything, and never lets the data of its class be less than that', () => {
  const name = fc.constantFrom(
    'id',
    'source',
    'type',
    'subject',
    'time',
    'company',
    'branch',
    'partitionkey',
    'data',
    'sequence',
  );
  const anything = fc.oneof(fc.jsonValue({ stringUnit: 'binary' }), fc.constant(undefined));
  fc.assert(
    fc.property(fc.constantFrom(...EVENT_TYPES), name, anything, (type, attribute, value) => {
      const { content, properties: around } = writeEvent(sampleOf(type));
      const changed = { ...JSON.parse(content.toString()), [attribute]: value };
      const read = readEvent(Buffer.from(JSON.stringify(changed)), around);
      expect(KINDS).toContain(read.kind);
      if (attribute === 'data') expect(read.kind).toBe('invalid');
    }),
    { numRuns: 1000 },
  );
});

it('never throws on bytes cut or changed on the way', () => {
  const { content, properties: around } = writeEvent(sampleOf('erp.contract.blocked.v1'));
  const damage = fc.tuple(fc.nat(content.length - 1), fc.nat(255), fc.nat(content.length));
  fc.assert(
    fc.property(damage, ([at, byte, length]) => {
      const bytes = Buffer.from(content.subarray(0, Math.max(length, at + 1)));
      bytes[at] = byte;
      expect(KINDS).toContain(readEvent(bytes, around).kind);
    }),
    { numRuns: 2000 },
  );
});

it('answers a megabyte of brackets, of problems and of repeated names within seconds', () => {
  const million = 1_000_000;
  const { data, ...envelope } = sampleOf('erp.receivable.opened.v1');
  const open = JSON.stringify(envelope).slice(0, -1);
  const bodies = [
    `${'['.repeat(million / 2)}${']'.repeat(million / 2)}`,
    `${open},"data":${'{"a":'.repeat(150_000)}1${'}'.repeat(150_000)}}`,
    `${open},"data":${JSON.stringify({ ...data, settlements: Array.from({ length: 180_000 }, () => ({})) })}}`,
    `${open},"data":[${Array.from({ length: 100_000 }, () => '"\\u0000"').join()}]}`,
    `${open},"data":{${'"__proto__":1,'.repeat(60_000)}"a":1}}`,
    `{"subject":"${'a/'.repeat(400_000)}"}`,
  ];
  for (const body of bodies) {
    const before = performance.now();
    expect(['invalid', 'unreadable']).toContain(readEvent(Buffer.from(body), {}).kind);
    expect(performance.now() - before).toBeLessThan(5000);
  }
});
