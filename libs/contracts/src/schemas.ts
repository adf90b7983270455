import { targetConstructorToSchema } from 'class-validator-jsonschema';
import { EVENT_CATALOGUE, EVENT_TYPES, type EventType } from './catalogue.js';
import { HubEnvelope } from './envelope.js';
import { FIELD, PART, PARTS, type AnyClass, type FieldRule } from './fields.js';
import { OUTCOME_CATALOGUE, type OutcomeSuffix } from './outcome-catalogue.js';
import { movementKindsOf } from './receivable-contradictions.js';

/** JSON Schema 2020-12. */
export type JsonSchema = { [keyword: string]: unknown };

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

/**
 * The schema of a class: nested classes under `$defs`, unknown fields allowed (an older reader must take what a newer
 * ERP adds), null allowed where a field is optional.
 */
export function schemaOfClass(root: AnyClass): JsonSchema {
  const definitions: Record<string, JsonSchema> = {};
  const schema = objectSchemaOf(root, definitions);
  return { $schema: DIALECT, ...schema, ...(Object.keys(definitions).length > 0 && { $defs: definitions }) };
}

/** The schema of the `data` of one event type, as strict as the reader is about that very type. */
export function jsonSchemaOf(type: EventType): JsonSchema {
  const schema = schemaOfClass(EVENT_CATALOGUE[type]);
  const movementKinds = movementKindsOf(type);
  if (movementKinds === undefined) return schema;
  if (movementKinds.length === 0) return { ...schema, not: { required: ['movement'], properties: NOT_NULL_MOVEMENT } };
  return {
    ...schema,
    required: [...(schema['required'] as string[]), 'movement'],
    allOf: [{ properties: { movement: { type: 'object', properties: { kind: { enum: [...movementKinds] } } } } }],
  };
}

const NOT_NULL_MOVEMENT = { movement: { type: 'object' } };

/** The schema of the `data` of one kind of event of `ponte.events`. */
export function jsonSchemaOfOutcome(suffix: OutcomeSuffix): JsonSchema {
  return schemaOfClass(OUTCOME_CATALOGUE[suffix]);
}

/** The schema of the attributes, `data` left open. */
export function envelopeSchema(): JsonSchema {
  return schemaOfClass(HubEnvelope);
}

/** Every event type with the schema of the whole structured CloudEvent: what an ERP developer validates against. */
export function eventSchemas(): Record<EventType, JsonSchema> {
  return Object.fromEntries(EVENT_TYPES.map((type) => [type, wholeEventSchema(type)])) as Record<EventType, JsonSchema>;
}

function wholeEventSchema(type: EventType): JsonSchema {
  const envelope = envelopeSchema();
  const { $defs, $schema, ...data } = jsonSchemaOf(type);
  const properties = { ...(envelope['properties'] as object), type: { const: type }, data };
  const required = [...(envelope['required'] as string[]), 'data'];
  return { $schema, title: type, ...envelope, properties, required, ...($defs !== undefined && { $defs }) };
}

function objectSchemaOf(target: AnyClass, definitions: Record<string, JsonSchema>): JsonSchema {
  const refer = (part: AnyClass): JsonSchema => {
    if (!Object.hasOwn(definitions, part.name)) {
      definitions[part.name] = {};
      definitions[part.name] = objectSchemaOf(part, definitions);
    }
    return { $ref: `#/$defs/${part.name}` };
  };
  const schema = targetConstructorToSchema(target as new () => object, {
    additionalConverters: {
      [FIELD]: ({ constraints }) => fieldSchema(constraints[0] as FieldRule),
      [PART]: ({ constraints }) => refer((constraints[0] as () => AnyClass)()),
      [PARTS]: ({ constraints }) => partsSchema(refer((constraints[0] as () => AnyClass)()), constraints[1]),
      nestedValidation: {},
    },
  }) as JsonSchema;
  return allowNullWhereOptional(schema);
}

function fieldSchema(rule: FieldRule): JsonSchema {
  return { ...rule.schema, description: rule.must };
}

function partsSchema(items: JsonSchema, count: { min?: number; max: number }): JsonSchema {
  const description = `a list of ${count.min ?? 0} to ${count.max} objects`;
  return { type: 'array', items, minItems: count.min ?? 0, maxItems: count.max, description };
}

function allowNullWhereOptional(schema: JsonSchema): JsonSchema {
  const required = (schema['required'] ?? []) as string[];
  const properties = Object.entries((schema['properties'] ?? {}) as Record<string, JsonSchema>).map(
    ([name, property]) => [name, required.includes(name) ? property : orNull(property)],
  );
  return { ...schema, properties: Object.fromEntries(properties) };
}

function orNull(schema: JsonSchema): JsonSchema {
  if ('$ref' in schema) return { anyOf: [schema, { type: 'null' }] };
  const words = schema['enum'] as unknown[] | undefined;
  return { ...schema, type: [schema['type'], 'null'], ...(words && { enum: [...words, null] }) };
}
