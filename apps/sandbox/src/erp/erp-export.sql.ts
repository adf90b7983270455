/**
 * The views Ponte walks through, in the schema of the export kit: a row is what the thing's next event would tell, so
 * register events are written from them. This ERP keeps no contracts and offers no view of them. The last settlement is
 * asked for title by title: with "exists" the planner may read all settlements anew for every page.
 */
export const CREATE_EXPORT_VIEWS = `
  create or replace view ponte_export.receivables as
  select t.company, t.id, t.branch,
    jsonb_strip_nulls(jsonb_build_object(
      'receivableId', t.id, 'company', t.company, 'branch', t.branch, 'businessUnit', t.business_unit,
      'customer', (
        select jsonb_build_object('id', c.id, 'personType', c.person_type, 'document', c.document, 'name', c.name,
          'email', c.email, 'phone', c.phone, 'address', c.address)
        from customer c where c.company = t.company and c.id = t.customer_id),
      'contractId', t.contract_id, 'kind', t.kind, 'number', t.number, 'installment', t.installment,
      'issueDate', t.issue_date, 'dueDate', t.due_date, 'originalDueDate', t.original_due_date,
      'currency', 'BRL', 'amount', t.amount::text,
      'openAmount', (case when t.status = 'canceled' then 0.00 else t.amount - t.discount + t.fine + t.interest - t.paid end)::text,
      'paidAmount', t.paid::text, 'discountAmount', t.discount::text, 'fineAmount', t.fine::text,
      'interestAmount', t.interest::text, 'status', t.status, 'disputed', t.disputed, 'sequence', t.sequence,
      'settlements', coalesce((
        select jsonb_agg(jsonb_build_object('id', s.id, 'date', s.date, 'creditedOn', s.credited_on,
          'amount', s.amount::text, 'discount', s.discount::text, 'fine', s.fine::text, 'interest', s.interest::text,
          'reversedOn', s.reversed_on) order by s.place)
        from settlement s where s.company = t.company and s.title_id = t.id), '[]'))) as data
  from title t
  where t.status in ('open', 'partially-settled')
    or t.status <> 'deleted' and (
      select max(s.date) from settlement s where s.company = t.company and s.title_id = t.id
    ) >= (now() at time zone 'America/Sao_Paulo')::date - 365;

  create or replace view ponte_export.branches as
  select b.company, b.code as id, b.code as branch,
    jsonb_build_object('code', b.code, 'name', b.name, 'cnpj', b.document, 'timeZone', c.time_zone, 'parent', b.company,
      'active', b.active, 'sequence', b.sequence) as data
  from branch b join company c on c.code = b.company;

  create or replace view ponte_export.business_units as
  select u.company, u.code as id, u.branch,
    jsonb_strip_nulls(jsonb_build_object('code', u.code, 'name', u.name, 'parent', u.branch, 'active', u.active,
      'sequence', u.sequence)) as data
  from business_unit u;

  create or replace view ponte_export.customers as
  select c.company, c.id, null::text as branch,
    jsonb_build_object('customerId', c.id, 'personType', c.person_type, 'document', c.document, 'name', c.name,
      'agentKinds', jsonb_build_array('customer'), 'email', c.email, 'phone', c.phone, 'address', c.address,
      'active', c.active, 'sequence', c.sequence) as data
  from customer c;`;
