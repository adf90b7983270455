import { describe, expect, it } from '@jest/globals';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import fc from 'fast-check';
import { EVENT_CATALOGUE, EVENT_TYPES } from './catalogue.js';
import { HubEnvelope } from './envelope.js';
import type { AnyClass } from './fields.js';
import { OUTCOME_CATALOGUE, OUTCOME_SUFFIXES } from './outcome-catalogue.js';
import { sampleOutcomeOf } from './sample-outcomes.js';
import { sampleOf } from './samples.js';
import { problemsOf } from './validators.js';

type Json = Record<string, unknown>;

/** What class-validator objects to: the names of the fields at the top. */
function fieldsRefusedByClass(shape: AnyClass, value: Json): string[] {
  const instance = plainToInstance(shape as new () => object, structuredClone(value));
  return sorted(validateSync(instance, { forbidUnknownValues: true }).map((error) => error.property));
}

function fieldsRefusedBySchema(shape: AnyClass, value: Json): string[] {
  return sorted(problemsOf(shape, value, '').map((problem) => /^\/(\w+)/.exec(problem)?.[1] ?? problem));
}

function sorted(names: string[]): string[] {
  return [...new Set(names)].sort();
}

const SHAPES: [string, AnyClass, Json][] = [
  ...EVENT_TYPES.map((type): [string, AnyClass, Json] => [type, EVENT_CATALOGUE[type], { ...sampleOf(type).data }]),
  ...OUTCOME_SUFFIXES.map((suffix): [string, AnyClass, Json] => [
    suffix,
    OUTCOME_CATALOGUE[suffix],
    { ...sampleOutcomeOf(suffix).data },
  ]),
  ['the envelope', HubEnvelope, { ...sampleOf('erp.negativation.requested.v1') } as unknown as Json],
];

/** Classes are shared by types: fuzz each once, from the first sample that has it. */
const CLASSES = SHAPES.filter(([, shape], at) => SHAPES.findIndex(([, other]) => other === shape) === at);

/** Values that sit close to the rules: most random texts are refused by everybody for dull reasons. */
const nearMiss = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.string({ unit: 'binary', maxLength: 260 }),
  fc.integer().map((cents) => (cents / 100).toFixed(2)),
  fc.constantFrom(
    '0.00',
    '-0.00',
    '-1.50',
    '1.5',
    '1.500',
    '01.00',
    '1e3',
    '9999999999999999.99',
    '10000000000000000.00',
    '2026-02-29',
    '2028-02-29',
    '2026-13-01',
    '0026-01-01',
    '2026-07-20T14:31:40-03:00',
    '2026-07-20T14:31:40',
    '2026-07-20T24:00:00Z',
    '52998224725',
    '529.982.247-25',
    '11111111111',
    '12ABC34501DE35',
    '12abc34501de35',
    '11222333000181',
    'F',
    'J',
    'BRL',
    'brl',
    'America/Sao_Paulo',
    'Mars/Olympus',
    'a'.repeat(120),
    'a'.repeat(121),
    '😀'.repeat(60),
    '☎️'.repeat(30),
    ' padded ',
    '',
    0,
    -1,
    1.5,
    2 ** 53,
    Number.MAX_SAFE_INTEGER,
    true,
    null,
    [],
    {},
    [null],
    [{}],
    [[]],
  ),
);

/** Walks `steps` down the value and puts `replacement` there, or takes the field away where it is undefined. */
function mutated(sample: Json, steps: number[], replacement: unknown): Json {
  const copy = structuredClone(sample);
  let node: Json = copy;
  for (const [depth, step] of steps.entries()) {
    const names = Object.keys(node);
    const name = names[step % Math.max(names.length, 1)] ?? 'added';
    const inside = node[name];
    const isLast = depth === steps.length - 1;
    if (!isLast && typeof inside === 'object' && inside !== null) {
      node = inside as Json;
      continue;
    }
    if (replacement === undefined && !Array.isArray(node)) delete node[name];
    else node[name] = replacement;
    break;
  }
  return copy;
}

describe('the JSON Schema and the class say the same', () => {
  it.each(SHAPES)('of the sample of %s: nothing is wrong', (_name, shape, sample) => {
    expect(fieldsRefusedByClass(shape, sample)).toEqual([]);
    expect(fieldsRefusedBySchema(shape, sample)).toEqual([]);
  });

  it.each(CLASSES)('of %s with anything in any place', (_name, shape, sample) => {
    const change = fc.tuple(
      fc.array(fc.nat(40), { minLength: 1, maxLength: 4 }),
      fc.option(nearMiss, { nil: undefined, freq: 6 }),
    );
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        const value = changes.reduce((before, [steps, replacement]) => mutated(before, steps, replacement), sample);
        expect(fieldsRefusedBySchema(shape, value)).toEqual(fieldsRefusedByClass(shape, value));
      }),
      { numRuns: 150 },
    );
  });

  it.each(CLASSES)('of every field of %s with each near miss in it', (_name, shape, sample) => {
    const replacements = fc.sample(nearMiss, { numRuns: 50, seed: 7 });
    const disagreements = Object.keys(sample).flatMap((name) =>
      replacements.filter((replacement) => !agreeOn(shape, { ...sample, [name]: replacement })).map((it) => [name, it]),
    );
    expect(disagreements).toEqual([]);
  });
});

function agreeOn(shape: AnyClass, value: Json): boolean {
  return String(fieldsRefusedBySchema(shape, value)) === String(fieldsRefusedByClass(shape, value));
}
