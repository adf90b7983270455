export const ERP_EVENTS = `
  select id::text as id, aggregateid as title, sequence::int as sequence
  from erp_outbox where aggregatetype = 'receivable' order by position`;

/** $1 company: what the audit took of the ERP's events, and of what became of them, as it came */
export const AUDITED = `
  select event_id::text as event_id, cause_id::text as cause_id, reading, type
  from audit.entry where company = $1 and reading in ('event', 'outcome') order by id`;

export const OPEN_ROWS = `
  select count(*)::int as open from erp_outbox where published_at is null and parked_reason is null`;

export const OPEN_DELIVERIES = `select count(*)::int as open from customerx.delivery`;
