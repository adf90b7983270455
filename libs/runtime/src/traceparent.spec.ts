import { expect, it } from '@jest/globals';
import { childTraceparent, newTraceparent, parseTraceparent, traceIdOf } from './traceparent.js';

const PARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

it('reads a W3C traceparent', () => {
  expect(parseTraceparent(PARENT)).toEqual({
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    spanId: '00f067aa0ba902b7',
    sampled: true,
  });
});

it.each([
  undefined,
  42,
  '',
  PARENT.toUpperCase(),
  PARENT.replace('00-', 'ff-'),
  PARENT.replace('4bf92f3577b34da6a3ce929d0e0e4736', '0'.repeat(32)),
  PARENT.replace('00f067aa0ba902b7', '0'.repeat(16)),
  `${PARENT}-more`,
  `${PARENT} `,
])('takes %p for no trace at all', (text) => {
  expect(parseTraceparent(text)).toBeUndefined();
});

it('accepts a longer value of a version to come', () => {
  expect(traceIdOf(`${PARENT.replace('00-', '01-')}-extra`)).toBe('4bf92f3577b34da6a3ce929d0e0e4736');
});

it('keeps the trace and the sampling of the parent, under a new span', () => {
  const child = parseTraceparent(childTraceparent(PARENT.replace(/01$/, '00')))!;
  expect(child).toMatchObject({ traceId: traceIdOf(PARENT), sampled: false });
  expect(child.spanId).not.toBe('00f067aa0ba902b7');
});

it('begins a valid trace where there was none', () => {
  expect(parseTraceparent(newTraceparent())).toBeDefined();
  expect(parseTraceparent(childTraceparent('rubbish'))).toBeDefined();
  expect(newTraceparent()).not.toBe(newTraceparent());
});
