import { describe, expect, it } from '@jest/globals';
import { OUTCOME_SUFFIXES, sampleOutcomeOf, writeEvent, type OutcomeEvent } from '#libs/contracts';
import { InboxEnvironment } from './inbox-environment.js';
import { erpSourceOf, readResult, type ReadResult } from './read-result.js';
import { isAskedFor, readPatterns } from './result-patterns.js';

const EVERYTHING = { source: '/erp/demo', patterns: ['#'] };

function read(outcome: object, wanted = EVERYTHING): ReadResult {
  const { content, routingKey, properties } = writeEvent(outcome as OutcomeEvent);
  return readResult({ content, routingKey, exchange: 'ponte.events', redelivered: false, properties }, wanted);
}

function readBytes(text: string): ReadResult {
  const properties = { contentType: 'application/cloudevents+json', headers: {} };
  const beside = { routingKey: 'a', exchange: 'ponte.events', redelivered: false };
  return readResult({ content: Buffer.from(text), properties, ...beside }, EVERYTHING);
}

describe('what a message is to the ERP', () => {
  it('is a row with whose it is, when it happened, who did it and what of', () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const outcome = { ...sampleOutcomeOf('delivery.skipped.v1'), traceparent };
    expect(read(outcome)).toEqual({
      kind: 'row',
      row: {
        id: outcome.id,
        type: 'customerx.delivery.skipped.v1',
        subject: 'delivery/90210',
        company: '1',
        branch: '3',
        occurredAt: outcome.time,
        payload: outcome.data,
        actor: 'sofia.suporte',
        traceparent,
      },
    });
  });

  // Whatever an ERP may be told by default must say whose it is where the writer looks, or it would never be written.
  const told = readPatterns(`${new InboxEnvironment().INBOX_TYPES},*.delivery.#`);
  const types = OUTCOME_SUFFIXES.filter((suffix) => isAskedFor(told, `x.${suffix}`));
  it.each(types)('names its ERP where the writer looks for it: %s', (suffix) => {
    expect(erpSourceOf(sampleOutcomeOf(suffix).data)).toBe('/erp/demo');
  });

  it('is let go when it is about another ERP, though nobody understands it', () => {
    const { data } = sampleOutcomeOf('delivery.parked.v1');
    const elsewhere = { ...data, integration: { ...data.integration, source: '/erp/other' }, event: undefined };
    const outcome = { ...sampleOutcomeOf('delivery.parked.v1'), data: elsewhere };
    expect(read(outcome)).toEqual({ kind: 'skipped', why: 'other-erp' });
    expect(read({ ...outcome, type: 'customerx.delivery.vanished.v1' })).toEqual({ kind: 'skipped', why: 'other-erp' });
    expect(read({ ...outcome, data: { ...elsewhere, attempts: -1 } })).toEqual({ kind: 'skipped', why: 'other-erp' });
  });

  it('is let go when it is about no ERP, or not asked for', () => {
    expect(read(sampleOutcomeOf('balance.begun.v1'))).toEqual({ kind: 'skipped', why: 'no-erp' });
    const wanted = { ...EVERYTHING, patterns: ['*.delivery.refused.v1'] };
    expect(read(sampleOutcomeOf('delivery.parked.v1'), wanted)).toEqual({ kind: 'skipped', why: 'not-asked-for' });
  });

  it('is refused with the reason when it is of this ERP and cannot be understood', () => {
    const outcome = sampleOutcomeOf('delivery.parked.v1');
    const about = { id: outcome.id, type: outcome.type, subject: outcome.subject, company: '1' };
    expect(read({ ...outcome, data: { ...outcome.data, attempts: -1 } })).toMatchObject({
      kind: 'refused',
      why: 'invalid',
      reason: expect.stringContaining('/data/attempts'),
      about,
    });
    const type = 'customerx.delivery.vanished.v1';
    expect(read({ ...outcome, type })).toMatchObject({
      kind: 'refused',
      why: 'unknown-type',
      about: { ...about, type },
    });
    expect(readBytes('{"specversion": "1.0"')).toMatchObject({ kind: 'refused', why: 'unreadable' });
    expect(readBytes('null')).toMatchObject({ kind: 'refused', why: 'unreadable' });
  });

  it('says nothing of a person where it says why it is refused', () => {
    const outcome = sampleOutcomeOf('delivery.parked.v1');
    const refused = read({ ...outcome, type: 'customerx.delivery.vanished.v1', data: { document: '52998224725' } });
    expect(JSON.stringify(refused)).not.toContain('52998224725');
    expect(refused.kind).toBe('refused');
  });
});
