export const COMMITTED_RECEIVABLES = `
  select company, aggregateid, sequence::int as sequence
  from erp_outbox where aggregatetype = 'receivable' order by position`;

export const INBOX_ROWS = 'select id, type, subject, company, payload, actor from erp_inbox order by position';
