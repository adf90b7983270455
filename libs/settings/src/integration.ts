import { plainToInstance } from 'class-transformer';
import { validateSync, type ValidationError } from 'class-validator';
import type { Secret } from '#libs/runtime';
import { SecretUnreadable, type SecretBox } from './secret-box.js';
import { isShown, settingsOf, type SettingsClass, type Words } from './setting.js';

/** A row of the table, as pg gives it. */
export interface IntegrationRow {
  id: string;
  source: string;
  company: string;
  branch: string | null;
  name: string;
  display_name: string;
  enabled: boolean;
  settings: Record<string, unknown>;
  secrets: Record<string, string>;
  version: number;
  updated_at: Date;
  updated_by: string;
  /** Changes with every write of the row. */
  written_by: string;
  /** Whether the system parameter of its ERP is on. */
  parameter_on: boolean;
}

/** Why an integration that is on does nothing yet; the label is what the operator sees on the form. */
export interface Lack {
  setting: string;
  label: Words;
  reason: string;
}

/**
 * `not-configured` sends nothing and fails nothing: it says what it lacks. `off` names the system parameter where that
 * is what is off.
 */
export type IntegrationState =
  { kind: 'off'; parameter?: string } | { kind: 'not-configured'; lacks: readonly Lack[] } | { kind: 'ready' };

/** One company's (or branch's) account at a partner, ready to be used. Frozen: mappings share it. */
export interface Integration<S extends object = object> {
  readonly id: string;
  readonly source: string;
  readonly company: string;
  readonly branch?: string;
  readonly name: string;
  readonly displayName: string;
  readonly enabled: boolean;
  readonly version: number;
  readonly updatedAt: Date;
  readonly updatedBy: string;
  /** With the class' defaults; secrets are `Secret`, so printing it shows none. */
  readonly settings: S;
  readonly state: IntegrationState;
}

export function rowToIntegration<S extends object>(
  row: IntegrationRow,
  cls: SettingsClass<S>,
  box: SecretBox,
  parameter?: string,
): Integration<S> {
  const { secrets, unreadable } = openSecrets(row, cls, box);
  const settings = buildSettings(cls, row.settings, secrets);
  const isOff = parameter !== undefined && !row.parameter_on;
  return Object.freeze({
    id: row.id,
    source: row.source,
    company: row.company,
    ...(row.branch !== null && { branch: row.branch }),
    name: row.name,
    displayName: row.display_name,
    enabled: row.enabled,
    version: row.version,
    updatedAt: row.updated_at,
    updatedBy: row.updated_by,
    settings: Object.freeze(settings),
    state: stateOf(),
  });

  function stateOf(): IntegrationState {
    if (isOff) return { kind: 'off', parameter };
    return row.enabled ? readinessOf(cls, settings, unreadable) : { kind: 'off' };
  }
}

/** An instance of the class: defaults, then what is stored, then the opened secrets. */
export function buildSettings<S extends object>(
  cls: SettingsClass<S>,
  plain: Record<string, unknown>,
  secrets: Record<string, Secret>,
): S {
  return Object.assign(plainToInstance(cls, plain, { exposeDefaultValues: true }), secrets);
}

/** Mistakes of what is there; what is not there yet is no mistake. */
export function mistakesIn(settings: object): ValidationError[] {
  return validateSync(settings, { skipMissingProperties: true, forbidUnknownValues: false });
}

function openSecrets(row: IntegrationRow, cls: SettingsClass, box: SecretBox) {
  const secrets: Record<string, Secret> = {};
  const unreadable = new Map<string, string>();
  for (const { name: field } of settingsOf(cls).filter(({ secret }) => secret)) {
    const sealed = row.secrets[field];
    if (sealed === undefined) continue;
    try {
      secrets[field] = box.open(sealed, { integration: row.id, field });
    } catch (error) {
      if (!(error instanceof SecretUnreadable)) throw error;
      unreadable.set(field, error.message);
    }
  }
  return { secrets, unreadable };
}

function readinessOf(cls: SettingsClass, settings: object, unreadable: Map<string, string>): IntegrationState {
  const mistakes = new Map(
    validateSync(settings, { forbidUnknownValues: false }).map((error) => [error.property, reasonOf(error)]),
  );
  const lacks = settingsOf(cls)
    .filter((setting) => isShown(setting, settings))
    .flatMap(({ name, label }): Lack[] => {
      const reason = unreadable.get(name) ?? mistakes.get(name);
      return reason === undefined ? [] : [{ setting: name, label, reason }];
    });
  return lacks.length > 0 ? { kind: 'not-configured', lacks } : { kind: 'ready' };
}

function reasonOf(error: ValidationError): string {
  if (error.value === undefined || error.value === null) return 'missing';
  return Object.values(error.constraints ?? { nested: 'has mistakes' }).join(', ');
}
