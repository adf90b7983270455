import { inspect } from 'node:util';
import { getMetadataStorage, IsIn, IsInt, IsIP, Max, Min, validateSync, type ValidationError } from 'class-validator';
import { IsUrlOf, isSecretVariable, SecretVariable } from './environment-decorators.js';
import { faultPointMistake } from './fault-point.js';
import { HttpEnvironment } from './http-environment.js';
import { Secret } from './secret.js';
import { StartRefused } from './start-refused.js';

export type Variables = Record<string, string | undefined>;
/** A mixin's base: TypeScript asks for exactly this constructor. */
// oxlint-disable-next-line typescript/no-explicit-any
export type EnvironmentClass<T extends object = object> = abstract new (...args: any[]) => T;

/** Every mistake of an environment in one message; values of secrets are never part of it. */
export class EnvironmentError extends StartRefused {
  constructor(readonly mistakes: { variable: string; mistake: string }[]) {
    const width = Math.max(...mistakes.map(({ variable }) => variable.length));
    const lines = mistakes.map(({ variable, mistake }) => `  ${variable.padEnd(width)}  ${mistake}`);
    super(
      `${mistakes.length === 1 ? '1 mistake' : `${mistakes.length} mistakes`} in the environment:\n${lines.join('\n')}`,
    );
  }
}

/** What every app reads. An app extends it, through the mixins it needs, and sets its own defaults. */
export abstract class AppEnvironment extends HttpEnvironment {
  @IsIn(['development', 'test', 'production'])
  NODE_ENV: 'development' | 'test' | 'production' = 'development';

  @IsIn(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
  LOG_LEVEL: string = 'info';

  /** Both servers listen here; a container sets 0.0.0.0. */
  @IsIP()
  HTTP_HOST: string = '127.0.0.1';

  @IsInt()
  @Min(0)
  @Max(65535)
  HTTP_PORT!: number;

  /** Health and metrics, apart from business HTTP. */
  @IsInt()
  @Min(0)
  @Max(65535)
  OPS_PORT!: number;

  /** What is not finished this long after SIGTERM is cut off, and the exit code says so. */
  @IsInt()
  @Min(100)
  @Max(600_000)
  SHUTDOWN_DEADLINE_MS: number = 25_000;

  toJSON(): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(this).map(([name, value]) => [name, isSecretVariable(this, name) && value ? '[secret]' : value]),
    );
  }

  [inspect.custom](): Record<string, unknown> {
    return this.toJSON();
  }
}

/** Adds `DATABASE_URL`. */
export function withDatabase<B extends EnvironmentClass>(Base: B) {
  abstract class DatabaseEnvironment extends Base {
    @IsUrlOf('postgres:', 'postgresql:')
    @SecretVariable()
    DATABASE_URL!: string;

    @IsInt()
    @Min(1)
    @Max(200)
    DATABASE_POOL_SIZE: number = 10;
  }
  return DatabaseEnvironment;
}

/** Adds `AMQP_URL`, and `AMQP_MANAGEMENT_URL`: without it nobody can say whether the topology is safe. */
export function withBroker<B extends EnvironmentClass>(Base: B) {
  abstract class BrokerEnvironment extends Base {
    @IsUrlOf('amqp:', 'amqps:')
    @SecretVariable()
    AMQP_URL!: string;

    /** Policies are set and the topology is audited through it. */
    @IsUrlOf('http:', 'https:')
    @SecretVariable()
    AMQP_MANAGEMENT_URL!: string;
  }
  return BrokerEnvironment;
}

/**
 * Reads the variables an environment class declares. An empty variable counts as absent.
 * @throws EnvironmentError with every mistake at once
 */
export function readEnvironment<T extends object>(cls: new () => T, source: Variables = process.env): T {
  const environment = new cls();
  for (const name of variableNames(cls)) {
    const text = source[name];
    if (text !== undefined && text !== '') {
      Object.assign(environment, { [name]: typed(environment, name, text) });
    }
  }
  const mistakes = [
    ...unsafeVariables(source),
    ...validateSync(environment, { validationError: { target: false } }).map(toMistake),
  ];
  if (mistakes.length > 0) throw new EnvironmentError(mistakes);
  return environment;

  function toMistake(error: ValidationError) {
    const text = source[error.property];
    const rules = Object.values(error.constraints ?? {}).map((rule) => rule.replace(`${error.property} `, ''));
    const must = rules.reverse().join(', ');
    if (text === undefined || text === '') return { variable: error.property, mistake: `is missing: ${must}` };
    if (isSecretVariable(environment, error.property)) return { variable: error.property, mistake: must };
    return { variable: error.property, mistake: `${must} (is "${text}")` };
  }
}

function variableNames(cls: new () => object): Set<string> {
  const rules = getMetadataStorage().getTargetValidationMetadatas(cls, '', false, false);
  return new Set(rules.map((rule) => rule.propertyName));
}

/** By the declared type; where a property has a default and no declared type, by that of the default. */
function typed(environment: object, name: string, text: string): unknown {
  const declared: unknown = Reflect.getMetadata('design:type', environment, name);
  const byDefault = typeof (environment as Record<string, unknown>)[name];
  if (declared === Secret) return new Secret(text);
  if (declared === Number || byDefault === 'number') return text.trim() === '' ? text : Number(text);
  if (declared === Boolean || byDefault === 'boolean') return text === 'true' ? true : text === 'false' ? false : text;
  return text;
}

/** What would make the whole process unsafe, whatever else it was told. */
function unsafeVariables(source: Variables): { variable: string; mistake: string }[] {
  const unsafe = { NODE_TLS_REJECT_UNAUTHORIZED: uncheckedTls(source), FAULT_POINT: faultPointMistake(source) };
  return Object.entries(unsafe).flatMap(([variable, mistake]) => (mistake ? [{ variable, mistake }] : []));
}

/** A manual once told customers to set it: every TLS connection of the process would go unverified. */
function uncheckedTls(source: Variables): string | undefined {
  if (source.NODE_TLS_REJECT_UNAUTHORIZED !== '0') return undefined;
  return 'must not be 0: it switches certificate checks off for every partner; remove it, and give a private CA in the integration settings or NODE_EXTRA_CA_CERTS';
}
