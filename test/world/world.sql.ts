export const COMMITTED_RECEIVABLES = `
  select company, aggregateid, sequence::int as sequence
  from erp_outbox where aggregatetype = 'receivable' order by position`;
