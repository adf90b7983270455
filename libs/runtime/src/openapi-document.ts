import { createRequire } from 'node:module';
import { ModulesContainer } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { ApiProperty, DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { getMetadataStorage } from 'class-validator';
import { validationMetadatasToSchemas } from 'class-validator-jsonschema';
import { documentationOf, type RouteDocumentation } from './documented.js';
import { PROBLEM_SCHEMA } from './problem.js';

type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;
type SchemaOptions = NonNullable<Parameters<typeof validationMetadatasToSchemas>[0]>;
type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;

/** What `@Type` declared, needed for the item class of an array; class-transformer keeps it behind its front door. */
const { defaultMetadataStorage } = createRequire(import.meta.url)('class-transformer/cjs/storage.js') as {
  defaultMetadataStorage: NonNullable<SchemaOptions['classTransformerMetadataStorage']>;
};

const REF = '#/components/schemas/';

/** The OpenAPI 3.1 document of an app: routes from Nest, shapes from the class-validator classes, problems everywhere. */
export function describeApi(app: NestExpressApplication, name: string): OpenAPIObject {
  const shapes = validatedShapes();
  markProperties(shapes);
  const builder = new DocumentBuilder().setTitle(name).setVersion('1').setOpenAPIVersion('3.1.0');
  const document = SwaggerModule.createDocument(app, builder.addBearerAuth().addSecurityRequirements('bearer').build());
  const documented = documentedRoutes(app);
  for (const [id, operation] of operationsOf(document)) describeAnswers(operation, documented.get(id));
  document.components = { ...document.components, schemas: usedSchemas(document, shapes) };
  return document;
}

function validatedShapes(): Schemas {
  return validationMetadatasToSchemas({
    classValidatorMetadataStorage: getMetadataStorage(),
    classTransformerMetadataStorage: defaultMetadataStorage,
    refPointerPrefix: REF,
  }) as Schemas;
}

/** Nest expands a query class into parameters only where its properties are marked. */
function markProperties(shapes: Schemas): void {
  const storage = getMetadataStorage() as unknown as { validationMetadatas: Map<object, { propertyName: string }[]> };
  for (const [target, rules] of storage.validationMetadatas) {
    if (typeof target !== 'function') continue;
    const shape = shapes[target.name] as { properties?: Record<string, object>; required?: string[] } | undefined;
    for (const property of new Set(rules.map(({ propertyName }) => propertyName))) {
      const required = shape?.required?.includes(property) === true;
      ApiProperty({ type: String, ...shape?.properties?.[property], required })(target.prototype as object, property);
    }
  }
}

function documentedRoutes(app: NestExpressApplication): Map<string, RouteDocumentation> {
  const controllers = [...app.get(ModulesContainer).values()].flatMap((module) => [...module.controllers.values()]);
  const routes = new Map<string, RouteDocumentation>();
  for (const { metatype } of controllers) {
    const prototype = (metatype as { prototype: Record<string, object> }).prototype;
    for (const method of Object.getOwnPropertyNames(prototype)) {
      const documentation = typeof prototype[method] === 'function' && documentationOf(prototype[method]);
      if (documentation) routes.set(`${metatype!.name}_${method}`, documentation);
    }
  }
  return routes;
}

function operationsOf(document: OpenAPIObject): [string, Operation][] {
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path) as Operation[]);
  return operations
    .filter((operation) => operation?.operationId)
    .map((operation) => [operation.operationId!, operation]);
}

function describeAnswers(operation: Operation, documentation: RouteDocumentation | undefined): void {
  if (documentation) {
    operation.summary = documentation.summary;
    const schema = answerSchema(documentation);
    const success = Object.keys(operation.responses).find((status) => status.startsWith('2')) ?? '200';
    if (schema) operation.responses[success] = { description: 'OK', content: { 'application/json': { schema } } };
  }
  const problem = { $ref: `${REF}Problem` };
  operation.responses.default = {
    description: 'RFC 9457',
    content: { 'application/problem+json': { schema: problem } },
  };
}

function answerSchema({ answer, list, page }: RouteDocumentation) {
  if (answer) return { $ref: REF + answer.name };
  const items = (cls: { name: string }) => ({ type: 'array', items: { $ref: REF + cls.name } });
  if (list) return items(list);
  if (page)
    return { type: 'object', required: ['items'], properties: { items: items(page), next: { type: 'string' } } };
  return undefined;
}

/** Only what the document refers to, directly or through another shape: an app knows many classes nobody asks it about. */
function usedSchemas(document: OpenAPIObject, shapes: Schemas): Schemas {
  const known: Schemas = {
    ...document.components?.schemas,
    ...shapes,
    Problem: PROBLEM_SCHEMA as unknown as Schemas[string],
  };
  const used: Schemas = {};
  const waiting = refsIn(document.paths);
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const shape = known[name];
    if (!shape || used[name]) continue;
    used[name] = shape;
    waiting.push(...refsIn(shape));
  }
  return used;
}

function refsIn(part: unknown): string[] {
  return [...JSON.stringify(part).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map((found) => found[1]!);
}
