import 'reflect-metadata';
import { buildMessage, ValidateBy } from 'class-validator';
import { Secret } from './secret.js';

const SECRET = Symbol('secret variable');

/** The variable's value never appears in messages, JSON or inspection of the environment. */
export function SecretVariable(): PropertyDecorator {
  return (prototype, name) => Reflect.defineMetadata(SECRET, true, prototype, name);
}

export function isSecretVariable(environment: object, name: string): boolean {
  return (
    Reflect.getMetadata(SECRET, environment, name) === true ||
    Reflect.getMetadata('design:type', environment, name) === Secret
  );
}

/** A URL with one of these protocols (`'postgres:'`). */
export function IsUrlOf(...protocols: string[]): PropertyDecorator {
  return ValidateBy({
    name: 'isUrlOf',
    validator: {
      validate: (value) =>
        typeof value === 'string' && URL.canParse(value) && protocols.includes(new URL(value).protocol),
      defaultMessage: buildMessage(
        () => `must be a URL that begins with ${protocols.map((p) => `${p}//`).join(' or ')}`,
      ),
    },
  });
}

/** A `Secret` that is not empty. */
export function IsSecret(): PropertyDecorator {
  return ValidateBy({
    name: 'isSecret',
    validator: {
      validate: (value) => value instanceof Secret && value.reveal() !== '',
      defaultMessage: buildMessage(() => 'must be a secret text'),
    },
  });
}
