import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { EVENT_TYPES, sampleOf, writeEvent } from '#libs/contracts';
import { NASTY_TEXTS } from './http-fuzz.ts';
import type { HostileMessage } from './open-each.ts';

const FOLDER = new URL('corpus/', import.meta.url);

/** What once broke a reader of events, here or elsewhere: one file each, named for what is wrong with it. */
export const CORPUS: [name: string, content: Buffer][] = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.bytes'))
  .map((file) => [file.replace('.bytes', ''), readFileSync(new URL(file, FOLDER))]);

/** One value of every kind AMQP 0-9-1 has for a header, in the client's notation where JavaScript has no such kind. */
const HEADER_VALUES: unknown[] = [
  ...[null, true, false, 0, -1, 127, 128, 40_000, 3_000_000_000, Number.MAX_SAFE_INTEGER, 1.5, -0],
  ...['', 'x', '\u0000', '🙂', 'x'.repeat(5_000), Buffer.from([0, 255]), [], [1, 'two', [null]], {}],
  { nested: { deeper: [{ x: Buffer.from('y') }] } },
  { '!': 'timestamp', value: 1_800_000_000 },
  { '!': 'decimal', value: { digits: 12_345, places: 2 } },
  ...['float', 'byte', 'short', 'int', 'long', 'int8', 'int16', 'int32', 'int64'].map((kind) => ({
    '!': kind,
    value: 7,
  })),
];

const attribute = fc.constantFrom(
  ...[
    'specversion',
    'id',
    'source',
    'type',
    'subject',
    'time',
    'company',
    'branch',
    'sequence',
    'partitionkey',
    'data',
  ],
);
const anything = fc.oneof(
  fc.constantFrom<unknown>(...NASTY_TEXTS),
  fc.jsonValue({ stringUnit: 'binary', maxDepth: 4 }),
);
const headerName = fc.oneof(
  attribute.map((name) => `cloudEvents:${name}`),
  attribute.map((name) => `cloudEvents_${name}`),
  fc.constantFrom('x-death', '__proto__', 'constructor', 'partitionkey', 'x-last-error', 'content-type'),
);
const headers = fc
  .array(fc.tuple(headerName, fc.oneof(fc.constantFrom(...HEADER_VALUES), fc.constantFrom(...NASTY_TEXTS))), {
    maxLength: 6,
  })
  .map((pairs) => Object.fromEntries(pairs));

/** A good event with something else in the place of some of it. */
const spoilt = fc
  .tuple(fc.constantFrom(...EVENT_TYPES), fc.array(fc.tuple(attribute, anything), { minLength: 1, maxLength: 3 }))
  .map(([type, changes]) => {
    const event = JSON.parse(writeEvent(sampleOf(type)).content.toString()) as Record<string, unknown>;
    return Buffer.from(JSON.stringify({ ...event, ...Object.fromEntries(changes) }));
  });
const spoiltInside = fc.tuple(fc.constantFrom(...EVENT_TYPES), fc.nat(), anything).map(([type, at, value]) => {
  const event = sampleOf(type) as unknown as { data: Record<string, unknown> };
  const names = Object.keys(event.data);
  const data = { ...event.data, [names[at % names.length]!]: value };
  return Buffer.from(JSON.stringify({ ...event, data }));
});
const bytes = fc.uint8Array({ maxLength: 200 }).map((drawn) => Buffer.from(drawn));

export const hostileMessages: fc.Arbitrary<HostileMessage> = fc.record(
  {
    content: fc.oneof({ weight: 4, arbitrary: spoilt }, { weight: 3, arbitrary: spoiltInside }, bytes),
    contentType: fc.constantFrom('application/cloudevents+json', 'application/json', 'text/plain', ''),
    headers,
    routingKey: fc.constantFrom('erp.receivable.opened.v1', 'erp.branch.changed.v1', 'erp.receivable.invented.v1'),
  },
  { requiredKeys: ['content'] },
);
