import { expect, it } from '@jest/globals';
import { message, opened, sized } from '../test/events.js';
import { readArrival, type RawMessage } from './arrival.js';

const NOW = new Date('2026-11-22T12:00:00Z');
const read = (raw: RawMessage) => readArrival(raw, NOW, { knows: () => true });
const at = (time: string) => read(message(opened('1', { time })));

it('An arrival is remembered by the UTC day of its time, whatever the offset', () => {
  expect(at('2026-11-22T22:30:00-03:00').day).toBe('2026-11-23');
  expect(at('2026-11-22T01:30:00+03:00').day).toBe('2026-11-21');
});

it.each([
  ['2026-10-23T12:00:01Z', true],
  ['2026-10-23T11:59:59Z', false],
  ['2026-11-23T11:59:59Z', true],
  ['2026-11-23T12:00:01Z', false],
])('An arrival of %s is within the horizon: %s', (time, within) => {
  expect(at(time).day !== undefined).toBe(within);
});

it('An arrival has the key of its partition where it names one', () => {
  expect(read(message(opened('1', { time: NOW.toISOString(), partitionkey: 'customer/9' }))).key).toBe('customer/9');
  expect(read(message(opened('1', { time: NOW.toISOString() }))).key).toBe('receivable/1');
});

it('An arrival that cannot be read at all has no key and holds nothing', () => {
  expect(read(sized(10))).toMatchObject({ parked: { kind: 'unreadable', holds: false } });
  expect(read(sized(10)).key).toBeUndefined();
});

it('An arrival of a type this process does not plan is kept for one that does', () => {
  const raw = message(opened('1', { time: NOW.toISOString() }));
  const arrival = readArrival(raw, NOW, { knows: (type) => type !== 'erp.receivable.opened.v1' });
  expect(arrival).toMatchObject({ parked: { kind: 'unknown-type', holds: true } });
  expect(arrival.event).toBeUndefined();
});

it('An arrival is the same in other headers, as long as its body says what it is', () => {
  const raw = message(opened('1', { time: NOW.toISOString() }));
  const resent = { ...raw, properties: { ...raw.properties, headers: { 'x-death': [], 'cloudEvents:id': 'other' } } };
  expect(read(raw).hash).toEqual(read(resent).hash);
});
