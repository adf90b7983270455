import { isDeepStrictEqual } from 'node:util';
import { Problem, Secret, toProblemErrors, type ProblemError } from '#libs/runtime';
import { buildSettings, mistakesIn, type Integration } from './integration.js';
import { settingsOf, type SettingsClass, type WhoMayChange } from './setting.js';

/** What a person asks for. Settings not named stay; `null` takes a setting away, so that its default applies again. */
export interface IntegrationInput {
  source: string;
  company: string;
  branch?: string;
  displayName?: string;
  enabled?: boolean;
  /** By name, secrets among them as plain texts. */
  settings?: Record<string, unknown>;
  /** The version the person saw; another one in the meantime is a conflict. */
  expectedVersion?: number;
}

/** Who changes, and what that person may change. */
export interface Changer {
  name: string;
  mayChange(who: WhoMayChange): boolean;
}

/** What will be stored, and the two sides the history keeps (secrets masked). Keys are JSON pointers into the input. */
export interface IntegrationChange {
  displayName: string;
  enabled: boolean;
  settings: Record<string, unknown>;
  /** Secrets given anew. */
  sealed: Record<string, Secret>;
  /** Names of secrets taken away. */
  removed: string[];
  before: Record<string, unknown>;
  after: Record<string, unknown>;
}

type Before = Pick<Integration, 'displayName' | 'enabled' | 'settings'>;

const MASK = '[secret]';

/**
 * Decides what a save does to what is stored. Pure.
 * @throws Problem `invalid-settings` (400) with every mistake at once; 403 when the only mistakes are settings this
 * person may not change
 */
export function decideChange(
  cls: SettingsClass,
  before: Before,
  stored: Record<string, unknown>,
  input: IntegrationInput,
  changer: Changer,
): IntegrationChange {
  const change = collect(cls, before, stored, input);
  const invalid = [...identityMistakes(input), ...unknownSettings(cls, input), ...valueMistakes(cls, before, change)];
  const reserved = reservedSettings(cls, Object.keys(change.after), changer);
  if (invalid.length + reserved.length === 0) return change;
  throw new Problem({
    type: 'invalid-settings',
    status: invalid.length > 0 ? 400 : 403,
    detail: 'The settings were not saved.',
    errors: [...invalid, ...reserved],
  });
}

function collect(
  cls: SettingsClass,
  before: Before,
  stored: Record<string, unknown>,
  input: IntegrationInput,
): IntegrationChange {
  const change: IntegrationChange = {
    displayName: input.displayName ?? before.displayName,
    enabled: input.enabled ?? before.enabled,
    settings: { ...stored },
    sealed: {},
    removed: [],
    before: {},
    after: {},
  };
  const note = (pointer: string, was: unknown, is: unknown) => {
    change.before[pointer] = was ?? null;
    change.after[pointer] = is ?? null;
  };
  if (change.displayName !== before.displayName) note('/displayName', before.displayName, change.displayName);
  if (change.enabled !== before.enabled) note('/enabled', before.enabled, change.enabled);
  for (const { name, secret } of settingsOf(cls)) {
    const value = input.settings?.[name];
    if (value === undefined) continue;
    if (secret) collectSecret(change, note, name, (before.settings as Record<string, unknown>)[name], value);
    else collectValue(change, note, name, stored[name], value);
  }
  return change;
}

type Note = (pointer: string, was: unknown, is: unknown) => void;

function collectValue(change: IntegrationChange, note: Note, name: string, was: unknown, value: unknown): void {
  if (value === null) delete change.settings[name];
  else change.settings[name] = value;
  if (!isDeepStrictEqual(was ?? null, value)) note(`/settings/${name}`, was, value);
}

function collectSecret(change: IntegrationChange, note: Note, name: string, was: unknown, value: unknown): void {
  const known = was instanceof Secret ? was.reveal() : null;
  if (value === known) return;
  if (value === null) change.removed.push(name);
  else change.sealed[name] = typeof value === 'string' ? new Secret(value) : (value as Secret);
  note(`/settings/${name}`, known === null ? null : MASK, value === null ? null : MASK);
}

function identityMistakes(input: IntegrationInput): ProblemError[] {
  return (['source', 'company', 'branch', 'displayName'] as const).flatMap((field) => {
    const value = input[field];
    if (value === undefined || (value.trim() !== '' && value.length <= 200 && isStorable(value))) return [];
    return [{ pointer: `/${field}`, detail: `${field} must be 1 to 200 ordinary characters` }];
  });
}

export function unknownSettings(cls: SettingsClass, input: Pick<IntegrationInput, 'settings'>): ProblemError[] {
  const known = new Set(settingsOf(cls).map(({ name }) => name));
  return Object.keys(input.settings ?? {})
    .filter((name) => !known.has(name))
    .map((name) => ({ pointer: `/settings/${name}`, detail: `there is no setting "${name}"` }));
}

function valueMistakes(cls: SettingsClass, before: Before, change: IntegrationChange): ProblemError[] {
  const kept = settingsOf(cls).filter(({ name, secret }) => secret && !change.removed.includes(name));
  const secrets = Object.fromEntries(
    kept.map(({ name }) => [name, change.sealed[name] ?? (before.settings as Record<string, Secret>)[name]]),
  );
  const candidate = buildSettings(cls, change.settings, secrets as Record<string, Secret>);
  const unstorable = Object.entries(change.settings)
    .filter(([, value]) => !isStorable(value))
    .map(([name]) => ({ pointer: `/settings/${name}`, detail: `${name} holds characters that cannot be stored` }));
  return [...toProblemErrors(mistakesIn(candidate), '/settings'), ...unstorable];
}

/**
 * Only a setting that really changes asks who may change it: a form sends back what it was given.
 * @param changed JSON pointers
 */
export function reservedSettings(cls: SettingsClass, changed: readonly string[], changer: Changer): ProblemError[] {
  return settingsOf(cls)
    .filter(({ name, whoMayChange }) => changed.includes(`/settings/${name}`) && !changer.mayChange(whoMayChange))
    .map(({ name, whoMayChange }) => ({
      pointer: `/settings/${name}`,
      detail: `only "${whoMayChange}" may change it`,
    }));
}

/** jsonb refuses U+0000 and lone surrogates. */
export function isStorable(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed() && !value.includes('\u0000');
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([name, item]) => isStorable(name) && isStorable(item));
}
