import { isDeepStrictEqual } from 'node:util';
import { validateSync } from 'class-validator';
import { Problem, toProblemErrors, type ProblemError } from '#libs/runtime';
import { isStorable, reservedSettings, unknownSettings, type Changer } from './integration-change.js';
import { buildSettings } from './integration.js';
import { settingsOf, type SettingsClass } from './setting.js';

/** What a person asks for. What is not named stays, the switch and each setting. */
export interface SystemParameterInput {
  source: string;
  enabled?: boolean;
  /** By name. Here null is a value, the empty one; no word takes a setting back to its default. */
  settings?: Record<string, unknown>;
  /** The version the person saw; another one in the meantime is a conflict. */
  expectedVersion?: number;
}

/** What will be stored, and the two sides the history keeps of the settings, by name. */
export interface ParameterChange {
  enabled: boolean;
  settings: Record<string, unknown>;
  before: Record<string, unknown>;
  after: Record<string, unknown>;
  /** JSON pointers into the input. */
  changed: readonly string[];
}

type Before = { enabled: boolean; settings: object };

/**
 * Decides what a save does to what is stored. Pure. What is stored and not named is no mistake of this save.
 * @throws Problem `invalid-settings` (400) with every mistake at once; 403 when the only mistakes are settings this
 * person may not change
 */
export function decideParameterChange(
  cls: SettingsClass,
  { enabled, settings }: Before,
  stored: Record<string, unknown>,
  input: SystemParameterInput,
  changer: Changer,
): ParameterChange {
  const values = settings as Record<string, unknown>;
  const known = settingsOf(cls).map(({ name }) => name);
  const given = known.filter((name) => input.settings?.[name] !== undefined);
  const asked = (name: string) => input.settings![name];
  const differing = given.filter((name) => !isDeepStrictEqual(values[name] ?? null, asked(name)));
  const change = {
    enabled: input.enabled ?? enabled,
    settings: { ...stored, ...pick(differing, asked) },
    before: pick(differing, (name) => values[name] ?? null),
    after: pick(differing, asked),
  };
  const pointers = differing.map((name) => `/settings/${name}`);
  const invalid = [...unknownSettings(cls, input), ...valueMistakes(cls, change.settings, given)];
  const reserved = reservedSettings(cls, pointers, changer);
  if (invalid.length + reserved.length > 0) throw refusal(invalid, reserved);
  return { ...change, changed: [...(change.enabled === enabled ? [] : ['/enabled']), ...pointers] };
}

function valueMistakes(cls: SettingsClass, settings: Record<string, unknown>, given: readonly string[]) {
  const mistakes = validateSync(buildSettings(cls, settings, {}), { forbidUnknownValues: false });
  const unstorable = given
    .filter((name) => !isStorable(settings[name]))
    .map((name) => ({ pointer: `/settings/${name}`, detail: `${name} holds characters that cannot be stored` }));
  const own = mistakes.filter(({ property }) => given.includes(property));
  return [...toProblemErrors(own, '/settings'), ...unstorable];
}

function refusal(invalid: readonly ProblemError[], reserved: readonly ProblemError[]): Problem {
  return new Problem({
    type: 'invalid-settings',
    status: invalid.length > 0 ? 400 : 403,
    detail: 'The settings were not saved.',
    errors: [...invalid, ...reserved],
  });
}

function pick(names: readonly string[], valueOf: (name: string) => unknown): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, valueOf(name)]));
}
