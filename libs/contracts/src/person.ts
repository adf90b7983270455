import { JSONSchema } from 'class-validator-jsonschema';

type PropertySchemas = Record<string, unknown>;

/** Says in the JSON Schema what the rule `Document` says in class-validator: F carries a CPF, J carries a CNPJ. */
export function DocumentFitsPersonType(): ClassDecorator {
  const whenPersonType = (personType: string, format: string): PropertySchemas => ({
    if: { properties: { personType: { const: personType } }, required: ['personType'] },
    then: { properties: { document: { format } } },
  });
  return JSONSchema({
    allOf: [whenPersonType('F', 'cpf'), whenPersonType('J', 'cnpj')],
  }) as ClassDecorator;
}
