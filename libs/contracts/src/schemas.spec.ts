import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { EVENT_TYPES, type EventType } from './catalogue.js';
import { OUTCOME_SUFFIXES } from './outcome-catalogue.js';
import { readEvent } from './read.js';
import { sampleOf } from './samples.js';
import { eventSchemas, jsonSchemaOf, jsonSchemaOfOutcome } from './schemas.js';
import { writeEvent } from './write.js';

/** A validator as an ERP developer has one: nothing of ours in it but the schema. */
const stranger = new Ajv2020({ validateFormats: false, strict: true, strictTypes: false });

describe("a stranger's validator", () => {
  const schemas = eventSchemas();

  it.each(EVENT_TYPES)('understands the schema of %s and takes its sample', (type) => {
    const validate = stranger.compile(schemas[type]);
    expect([validate(sampleOf(type)), validate.errors]).toEqual([true, null]);
    expect(validate({ ...sampleOf(type), type: 'erp.other.thing.v1' })).toBe(false);
    expect(validate({ ...sampleOf(type), data: undefined })).toBe(false);
  });

  it.each(OUTCOME_SUFFIXES)('understands the schema of %s', (suffix) => {
    expect(stranger.validateSchema(jsonSchemaOfOutcome(suffix))).toBe(true);
  });

  it('takes fields it does not know and null where a field is optional', () => {
    const validate = stranger.compile(jsonSchemaOf('erp.receivable.opened.v1'));
    const { data } = sampleOf('erp.receivable.opened.v1');
    expect(validate({ ...data, contractId: null, addedLater: { a: 1 } })).toBe(true);
    expect(validate({ ...data, number: null })).toBe(false);
  });

  const RECEIVABLES = EVENT_TYPES.filter((type) => type.startsWith('erp.receivable.'));
  const pairs = RECEIVABLES.flatMap((type) => RECEIVABLES.map((other): [EventType, EventType] => [type, other]));

  it.each(pairs)('says of %s with the movement of %s what the reader says', (type, other) => {
    const event = sampleOf(type as 'erp.receivable.opened.v1');
    const { movement } = sampleOf(other as 'erp.receivable.opened.v1').data;
    event.data.movement = movement;
    const { content, properties } = writeEvent(event);
    const read = readEvent(content, properties).kind === 'event';
    expect(stranger.compile(schemas[type])(JSON.parse(content.toString()))).toBe(read);
  });
});
