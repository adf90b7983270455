import { describe, expect, it } from '@jest/globals';
import { EVENT_TYPES, type EventData, type EventType } from './catalogue.js';
import type { HubEvent } from './envelope.js';
import { bindingOf, matchesPattern, type EventDataMatching, type EventTypesMatching } from './pattern.js';
import type { SnapshotType } from './backfill.js';
import type { ReceivableChanged } from './receivable.js';

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
const compiles = <T extends true>(): T => true as T;

describe('a pattern names event types by words', () => {
  it.each([
    ['erp.receivable.*.v1', 'erp.receivable.settlement-reversed.v1', true],
    ['erp.receivable.opened.v1', 'erp.receivable.opened.v1', true],
    ['erp.*.changed.v1', 'erp.business-unit.changed.v1', true],
    ['erp.receivable.*.v1', 'erp.receivable.opened.v2', false],
    ['erp.receivable.*', 'erp.receivable.opened.v1', false],
    ['*', 'erp.receivable.opened.v1', false],
    ['erp.receivable.*.v1', 'erp.receivable.a.b.v1', false],
    ['erp.receivable.open.v1', 'erp.receivable.opened.v1', false],
    ['erp.receivable.op*.v1', 'erp.receivable.opened.v1', false],
  ])('%s and %s: %s', (pattern, type, expected) => {
    expect(matchesPattern(pattern, type)).toBe(expected);
  });

  it('finds at run time the seven receivable types the compiler finds', () => {
    const named: Record<EventTypesMatching<'erp.receivable.*.v1'>, true> = {
      'erp.receivable.opened.v1': true,
      'erp.receivable.settled.v1': true,
      'erp.receivable.settlement-reversed.v1': true,
      'erp.receivable.adjusted.v1': true,
      'erp.receivable.canceled.v1': true,
      'erp.receivable.deleted.v1': true,
      'erp.receivable.snapshot.v1': true,
    };
    expect(EVENT_TYPES.filter((type) => matchesPattern('erp.receivable.*.v1', type))).toEqual(Object.keys(named));
  });

  it('gives the data class of what it names, and nothing for a misspelt one', () => {
    compiles<Same<EventDataMatching<'erp.receivable.*.v1'>, ReceivableChanged>>();
    compiles<Same<EventTypesMatching<'erp.receivables.*.v1'>, never>>();
    compiles<Same<EventTypesMatching<'erp.*.blocked.v1'>, 'erp.contract.blocked.v1'>>();
    compiles<Same<EventTypesMatching<'*.*.*.v1'>, EventType>>();
    compiles<Same<EventTypesMatching<'erp.*.snapshot.v1'>, SnapshotType>>();
    compiles<Same<HubEvent<'erp.contract.blocked.v1'>['data'], EventData<'erp.contract.blocked.v1'>>>();
    // @ts-expect-error a receivable's data is not a contract's
    compiles<Same<EventDataMatching<'erp.receivable.*.v1'>, EventData<'erp.contract.signed.v1'>>>();
    expect(EVENT_TYPES.some((type) => matchesPattern('erp.receivables.*.v1', type))).toBe(false);
  });
});

describe('the binding of a pattern takes in the whole aggregate', () => {
  it.each([
    ['erp.receivable.*.v1', 'erp.receivable.#'],
    ['erp.receivable.opened.v1', 'erp.receivable.#'],
    ['erp.*.changed.v1', 'erp.#'],
    ['ponte.backfill.*.v1', 'ponte.backfill.#'],
    ['customerx.delivery.*.v1', 'customerx.delivery.#'],
    ['*.delivery.delivered.v1', '#'],
  ])('%s → %s', (pattern, binding) => {
    expect(bindingOf(pattern)).toBe(binding);
  });
});
