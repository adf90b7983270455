import { getMetadataStorage } from 'class-validator';
import { targetConstructorToSchema } from 'class-validator-jsonschema';
import { settingsOf, type SettingsClass, type ShownWhen, type WhoMayChange, type Words } from './setting.js';

export interface SettingForm {
  name: string;
  label: Words;
  help?: Words;
  secret: boolean;
  /** Without it the integration is not ready (unless the field is hidden). */
  required: boolean;
  whoMayChange: WhoMayChange;
  shownWhen?: ShownWhen;
  resends?: true;
  /** What applies when nothing is set; never present for secrets. */
  default?: unknown;
  /** JSON Schema of the value. */
  schema: object;
}

/** All a form, a document or a console needs to ask for an integration's settings. */
export function describeSettings(cls: SettingsClass): SettingForm[] {
  const schema = targetConstructorToSchema(cls, { classValidatorMetadataStorage: getMetadataStorage() });
  const defaults = new cls() as Record<string, unknown>;
  return settingsOf(cls).map(({ name, secret, ...words }) => ({
    ...words,
    name,
    secret: secret === true,
    required: defaults[name] === undefined && (schema.required ?? []).includes(name),
    ...(defaults[name] !== undefined && !secret && { default: defaults[name] }),
    schema: secret ? { type: 'string', writeOnly: true } : (schema.properties?.[name] ?? {}),
  }));
}
