export const COMMITTED_RECEIVABLES = `
  select company, aggregateid, sequence::int as sequence
  from erp_outbox where aggregatetype = 'receivable' order by position`;

export const INBOX_ROWS = 'select id, type, subject, company, payload, actor from erp_inbox order by position';

/** $1 company, $2 title */
export const KNOWN_TITLE = `select from deps.receivable where company = $1 and receivable_id = $2`;
