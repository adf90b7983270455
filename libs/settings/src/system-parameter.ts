import { Problem, type Clock } from '#libs/runtime';
import type { Changer } from './integration-change.js';
import type { Queryable } from './integration-registry.js';
import { buildSettings } from './integration.js';
import type { SettingsClass, Words } from './setting.js';
import { decideParameterChange, type SystemParameterInput } from './system-parameter-change.js';
import * as sql from './system-parameter.sql.js';

/** The switch as the ERP's manual calls it: `046`. */
export interface SystemParameterDescription {
  code: string;
  label: Words;
  help?: Words;
  /** Saving an integration switches it on; a person switches it off. */
  turnsOnWithIntegration?: true;
  /** What is said once for all integrations of the ERP instance. Each has a default, and none is a secret. */
  settings?: SettingsClass;
}

/** The switch of one ERP instance. One nobody has touched is off, at version 0. */
export interface SystemParameter<S extends object = object> {
  source: string;
  enabled: boolean;
  /** With the class' defaults. */
  settings: S;
  version: number;
  updatedAt?: Date;
  updatedBy?: string;
}

export interface SavedParameter<S extends object> {
  parameter: SystemParameter<S>;
  /** JSON pointers of what changed; none when everything asked for was so already: nothing was written. */
  changed: readonly string[];
}

export interface SystemParameterChange {
  version: number;
  at: Date;
  by: string;
  /** Of the switch; the same on both sides where it stayed. */
  before: boolean;
  after: boolean;
  /** Those that changed, by name. */
  settings?: { before: Record<string, unknown>; after: Record<string, unknown> };
}

interface ParameterRow {
  source: string;
  enabled: boolean;
  settings: Record<string, unknown>;
  version: number;
  updated_at: Date;
  updated_by: string;
}

interface ChangeRow {
  version: number;
  changed_at: Date;
  changed_by: string;
  before: boolean;
  after: boolean;
  settings_before: Record<string, unknown>;
  settings_after: Record<string, unknown>;
}

class NoSettings {}

const HISTORY_MAX = 100;

/** The system parameter of one partner, per ERP instance. */
export class SystemParameters<S extends object = object> {
  constructor(
    private readonly name: string,
    private readonly clock: Clock,
    private readonly settingsClass: SettingsClass<S> = NoSettings as SettingsClass<S>,
  ) {}

  async readAll(client: Queryable): Promise<SystemParameter<S>[]> {
    const { rows } = await client.query<ParameterRow>(sql.READ_PARAMETERS, [this.name]);
    return rows.map((row) => this.toParameter(row));
  }

  async read(client: Queryable, source: string): Promise<SystemParameter<S>> {
    const { rows } = await client.query<ParameterRow>(sql.READ_PARAMETER, [this.name, source]);
    if (rows[0]) return this.toParameter(rows[0]);
    return { source, enabled: false, settings: this.settingsFrom({}), version: 0 };
  }

  /**
   * Within the caller's transaction, in which whatever plans by it stands still.
   * @throws Problem 400 or 403 `invalid-settings` with every mistake at once; 409 `version-conflict`
   */
  async save(client: Queryable, input: SystemParameterInput, changer: Changer): Promise<SavedParameter<S>> {
    const { source, expectedVersion } = input;
    const now = this.clock.now();
    const by = changer.name;
    await client.query(sql.CREATE_PARAMETER, [this.name, source, now, by]);
    const row = (await client.query<ParameterRow>(sql.LOCK_PARAMETER, [this.name, source])).rows[0]!;
    const before = this.toParameter(row);
    if (expectedVersion !== undefined && expectedVersion !== row.version) throw conflict(row.version);
    const change = decideParameterChange(this.settingsClass, before, row.settings, input, changer);
    if (change.changed.length === 0) return { parameter: before, changed: [] };
    const values = [this.name, source, change.enabled, now, by, change.settings];
    const after = (await client.query<ParameterRow>(sql.CHANGE_PARAMETER, values)).rows[0]!;
    const noted = [this.name, source, after.version, now, by, before.enabled, change.enabled];
    await client.query(sql.RECORD_PARAMETER_CHANGE, [...noted, change.before, change.after]);
    return { parameter: this.toParameter(after), changed: change.changed };
  }

  /** Who changed it, what and when; newest first. */
  async history(client: Queryable, source: string): Promise<SystemParameterChange[]> {
    const { rows } = await client.query<ChangeRow>(sql.READ_PARAMETER_CHANGES, [this.name, source, HISTORY_MAX]);
    return rows.map(toChange);
  }

  private toParameter(row: ParameterRow): SystemParameter<S> {
    const { source, enabled, version, updated_at: updatedAt, updated_by: updatedBy } = row;
    return { source, enabled, settings: this.settingsFrom(row.settings), version, updatedAt, updatedBy };
  }

  private settingsFrom(stored: Record<string, unknown>): S {
    return Object.freeze(buildSettings(this.settingsClass, stored, {}));
  }
}

function toChange(row: ChangeRow): SystemParameterChange {
  const { version, changed_at: at, changed_by: by, before, after, settings_before, settings_after } = row;
  const settings = { before: settings_before, after: settings_after };
  return { version, at, by, before, after, ...(Object.keys(settings_after).length > 0 && { settings }) };
}

function conflict(version: number): Problem {
  return new Problem({
    type: 'version-conflict',
    status: 409,
    detail: `Somebody else saved version ${version}; look at it and try again.`,
  });
}
