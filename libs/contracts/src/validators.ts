import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { isCnpj, isCpf } from './documents.js';
import type { AnyClass } from './fields.js';
import { isCalendarDate, isInstant, isTimeZone, isUuid } from './formats.js';
import { MAX_PROBLEMS } from './json.js';
import { schemaOfClass } from './schemas.js';

const ajv = new Ajv2020({ allErrors: true, verbose: true, strict: true, strictTypes: false });
ajv.addFormat('date', isCalendarDate);
ajv.addFormat('date-time', isInstant);
ajv.addFormat('uuid', isUuid);
ajv.addFormat('iana-time-zone', isTimeZone);
ajv.addFormat('cpf', isCpf);
ajv.addFormat('cnpj', isCnpj);
ajv.addFormat('cpf-or-cnpj', (text: string) => isCpf(text) || isCnpj(text));

const compiled = new Map<AnyClass, ValidateFunction>();

/**
 * What is wrong with `value` as an instance of `shape`, each problem with its JSON pointer under `pointer`; empty when
 * nothing is. Values are never quoted: they may be a person's. The class is compiled once, at its first use.
 */
export function problemsOf(shape: AnyClass, value: unknown, pointer: string): string[] {
  const validate = validatorOf(shape);
  return validate(value) ? [] : inWords(validate.errors ?? [], pointer);
}

function validatorOf(shape: AnyClass): ValidateFunction {
  const known = compiled.get(shape);
  if (known) return known;
  const validate = ajv.compile(schemaOfClass(shape));
  compiled.set(shape, validate);
  return validate;
}

/** One problem per place: the first says enough, the next would say it again in other words. */
function inWords(errors: ErrorObject[], pointer: string): string[] {
  const problems = new Map<string, string>();
  for (const error of errors) {
    if (BYSTANDERS.has(error.keyword) || isNullBranch(error)) continue;
    const place = placeOf(error);
    if (!problems.has(place)) problems.set(place, `${pointer}${place} ${wordsOf(error)}`);
    if (problems.size === MAX_PROBLEMS) break;
  }
  return [...problems.values()];
}

/** Keywords that only repeat that another one failed. */
const BYSTANDERS = new Set(['anyOf', 'allOf', 'if']);

function isNullBranch(error: ErrorObject): boolean {
  return (error.parentSchema as { type?: unknown } | undefined)?.type === 'null';
}

function placeOf(error: ErrorObject): string {
  return error.keyword === 'required' ? `${error.instancePath}/${error.params['missingProperty']}` : error.instancePath;
}

function wordsOf(error: ErrorObject): string {
  if (error.keyword === 'required') return 'is missing';
  const must = (error.parentSchema as { description?: string } | undefined)?.description;
  if (must !== undefined) return `must be ${must}`;
  return error.keyword === 'type' ? 'must be an object' : `must be ${documentName(error)}`;
}

function documentName(error: ErrorObject): string {
  return error.params['format'] === 'cpf'
    ? 'a valid CPF without punctuation, because personType is F'
    : 'a valid CNPJ in upper case without punctuation, because personType is J';
}
