import { Problem, type Clock } from '#libs/runtime';
import type { Queryable } from './integration-registry.js';
import type { Words } from './setting.js';
import * as sql from './system-parameter.sql.js';

/** The switch as the ERP's manual calls it: `046`. */
export interface SystemParameterDescription {
  code: string;
  label: Words;
  help?: Words;
  /** Saving an integration switches it on; a person switches it off. */
  turnsOnWithIntegration?: true;
}

/** The switch of one ERP instance. One nobody has touched is off, at version 0. */
export interface SystemParameter {
  source: string;
  enabled: boolean;
  version: number;
  updatedAt?: Date;
  updatedBy?: string;
}

export interface SystemParameterChange {
  version: number;
  at: Date;
  by: string;
  before: boolean;
  after: boolean;
}

export interface SystemParameterInput {
  source: string;
  enabled: boolean;
  /** The version the person saw; another one in the meantime is a conflict. */
  expectedVersion?: number;
}

interface ParameterRow {
  source: string;
  enabled: boolean;
  version: number;
  updated_at: Date;
  updated_by: string;
}

const HISTORY_MAX = 100;

/** The system parameter of one partner, per ERP instance. */
export class SystemParameters {
  constructor(
    private readonly name: string,
    private readonly clock: Clock,
  ) {}

  async readAll(client: Queryable): Promise<SystemParameter[]> {
    const { rows } = await client.query<ParameterRow>(sql.READ_PARAMETERS, [this.name]);
    return rows.map(toParameter);
  }

  async read(client: Queryable, source: string): Promise<SystemParameter> {
    const { rows } = await client.query<ParameterRow>(sql.READ_PARAMETER, [this.name, source]);
    return rows[0] ? toParameter(rows[0]) : { source, enabled: false, version: 0 };
  }

  /**
   * Within the caller's transaction, in which whatever plans by it stands still.
   * @throws Problem 409 `version-conflict`
   */
  async save(
    client: Queryable,
    { source, enabled, expectedVersion }: SystemParameterInput,
    by: string,
  ): Promise<{ parameter: SystemParameter; changed: boolean }> {
    const now = this.clock.now();
    await client.query(sql.CREATE_PARAMETER, [this.name, source, now, by]);
    const before = (await client.query<ParameterRow>(sql.LOCK_PARAMETER, [this.name, source])).rows[0]!;
    if (expectedVersion !== undefined && expectedVersion !== before.version) throw conflict(before.version);
    if (before.enabled === enabled) return { parameter: toParameter(before), changed: false };
    const values = [this.name, source, enabled, now, by];
    const after = (await client.query<ParameterRow>(sql.CHANGE_PARAMETER, values)).rows[0]!;
    const change = [this.name, source, after.version, now, by, before.enabled, enabled];
    await client.query(sql.RECORD_PARAMETER_CHANGE, change);
    return { parameter: toParameter(after), changed: true };
  }

  /** Who switched it, and when; newest first. */
  async history(client: Queryable, source: string): Promise<SystemParameterChange[]> {
    type Row = { version: number; changed_at: Date; changed_by: string; before: boolean; after: boolean };
    const { rows } = await client.query<Row>(sql.READ_PARAMETER_CHANGES, [this.name, source, HISTORY_MAX]);
    return rows.map(({ version, changed_at: at, changed_by: by, before, after }) => ({
      version,
      at,
      by,
      before,
      after,
    }));
  }
}

function toParameter(row: ParameterRow): SystemParameter {
  const { source, enabled, version, updated_at: updatedAt, updated_by: updatedBy } = row;
  return { source, enabled, version, updatedAt, updatedBy };
}

function conflict(version: number): Problem {
  return new Problem({
    type: 'version-conflict',
    status: 409,
    detail: `Somebody else saved version ${version}; look at it and try again.`,
  });
}
