const COLUMNS = `source, enabled, settings, version, updated_at, updated_by`;

/** $1 name */
export const READ_PARAMETERS = `select ${COLUMNS} from system_parameter where name = $1 order by source`;

/** $1 name, $2 source */
export const READ_PARAMETER = `select ${COLUMNS} from system_parameter where name = $1 and source = $2`;

/** $1 name, $2 source, $3 at, $4 by */
export const CREATE_PARAMETER = `
  insert into system_parameter (source, name, enabled, version, updated_at, updated_by)
  values ($2, $1, false, 0, $3, $4)
  on conflict (source, name) do nothing`;

/** $1 name, $2 source */
export const LOCK_PARAMETER = `
  select ${COLUMNS} from system_parameter where name = $1 and source = $2 for no key update`;

/** $1 name, $2 source, $3 enabled, $4 at, $5 by, $6 settings */
export const CHANGE_PARAMETER = `
  update system_parameter set enabled = $3, settings = $6, version = version + 1, updated_at = $4, updated_by = $5
  where name = $1 and source = $2
  returning ${COLUMNS}`;

/** $1 name, $2 source, $3 version, $4 at, $5 by, $6 before, $7 after, $8 settings before, $9 settings after */
export const RECORD_PARAMETER_CHANGE = `
  insert into system_parameter_change (name, source, version, changed_at, changed_by, before, after, settings_before,
    settings_after)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`;

/** Newest first. $1 name, $2 source, $3 limit */
export const READ_PARAMETER_CHANGES = `
  select version, changed_at, changed_by, before, after, settings_before, settings_after
  from system_parameter_change
  where name = $1 and source = $2
  order by version desc
  limit $3`;
