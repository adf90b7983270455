/** $1 rows as JSON; what is there already stays as it is */
export const REGISTER_COMPANIES = `
  insert into company select r.* from jsonb_populate_recordset(null::company, $1::jsonb) r on conflict do nothing`;

/** $1 rows as JSON; answers the keys of those that are new */
export const REGISTER_BRANCHES = `
  insert into branch select r.* from jsonb_populate_recordset(null::branch, $1::jsonb) r
  on conflict do nothing returning company, code as id`;
export const REGISTER_BUSINESS_UNITS = `
  insert into business_unit select r.* from jsonb_populate_recordset(null::business_unit, $1::jsonb) r
  on conflict do nothing returning company, code as id`;
export const REGISTER_CUSTOMERS = `
  insert into customer select r.* from jsonb_populate_recordset(null::customer, $1::jsonb) r
  on conflict do nothing returning company, id`;

/** $1 company, $2 code, $3 name, $4 document, $5 active; null leaves as it is. Nothing comes back for one that is not there */
export const CHANGE_BRANCH = `
  update branch set name = coalesce($3, name), document = coalesce($4, document), active = coalesce($5, active),
    sequence = sequence + 1
  where company = $1 and code = $2 returning company, code as id`;

/** $1 company, $2 code, $3 name, $4 branch, $5 active */
export const CHANGE_BUSINESS_UNIT = `
  update business_unit set name = coalesce($3, name), branch = coalesce($4, branch), active = coalesce($5, active),
    sequence = sequence + 1
  where company = $1 and code = $2 returning company, code as id`;

/** $1 company, $2 id, $3 name, $4 e-mail, $5 phone, $6 active */
export const CHANGE_CUSTOMER = `
  update customer set name = coalesce($3, name), email = coalesce($4, email), phone = coalesce($5, phone),
    active = coalesce($6, active), sequence = sequence + 1
  where company = $1 and id = $2 returning company, id`;

/** $1 companies, $2 ids, $3 'registered' or 'changed', $4 actor, $5 traceparent; in the transaction that wrote the rows */
const tellOf = (view: string, aggregate: string) => `
  select erp_outbox_write('${aggregate}', v.id, 'erp.${aggregate}.' || $3 || '.v1', v.data, v.company, coalesce(v.branch, ''),
    (v.data ->> 'sequence')::bigint, $4, null, $5)
  from ponte_export.${view} v
  join unnest($1::text[], $2::text[]) k (company, id) on k.company = v.company and k.id = v.id
  order by v.company, v.id`;

export const TELL_OF_BRANCHES = tellOf('branches', 'branch');
export const TELL_OF_BUSINESS_UNITS = tellOf('business_units', 'business-unit');
export const TELL_OF_CUSTOMERS = tellOf('customers', 'customer');

/** $1 company, $2 code */
export const READ_BRANCH = `select data from ponte_export.branches where company = $1 and id = $2`;
export const READ_BUSINESS_UNIT = `select data from ponte_export.business_units where company = $1 and id = $2`;
export const READ_CUSTOMER = `select data from ponte_export.customers where company = $1 and id = $2`;
