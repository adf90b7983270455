/** $1 companies, $2 ids: the rows that are there, locked in one order so that two transactions never wait for each other. */
export const LOCK_TITLES = `
  select 1 from title t
  where (t.company, t.id) in (select * from unnest($1::text[], $2::text[]))
  order by t.company, t.id
  for no key update`;

/** Customer and settlements are looked up for each row that is shown, so a table nobody has analyzed costs no more. */
const TITLE_COLUMNS = `
  t.company, t.id, t.branch, t.business_unit as "businessUnit", t.contract_id as "contractId", t.kind, t.number, t.installment,
  t.issue_date::text as "issueDate", t.due_date::text as "dueDate", t.original_due_date::text as "originalDueDate",
  t.amount, t.discount, t.fine, t.interest, t.paid, t.status, t.disputed, t.sequence,
  (
    select json_build_object('id', c.id, 'personType', c.person_type, 'document', c.document, 'name', c.name,
      'email', c.email, 'phone', c.phone, 'address', c.address)
    from customer c where c.company = t.company and c.id = t.customer_id) as customer,
  coalesce((
    select json_agg(json_build_object('id', s.id, 'date', s.date, 'creditedOn', s.credited_on, 'amount', s.amount::text,
      'discount', s.discount::text, 'fine', s.fine::text, 'interest', s.interest::text, 'reversedOn', s.reversed_on)
      order by s.place)
    from settlement s where s.company = t.company and s.title_id = t.id), '[]') as settlements`;

/** $1 companies, $2 ids. Run after LOCK_TITLES and apart from it: whoever waited for a lock needs a new snapshot. */
export const READ_TITLES = `
  select ${TITLE_COLUMNS} from unnest($1::text[], $2::text[]) k (company, id)
  join title t on t.company = k.company and t.id = k.id`;

/** $1 and $2 the key of the last title seen, or null; $3 company or null; $4 status or null; $5 limit */
export const LIST_TITLES = `
  select ${TITLE_COLUMNS} from title t
  where ($1::text is null or (t.company, t.id) > ($1, $2))
    and ($3::text is null or t.company = $3) and ($4::text is null or t.status = $4)
  order by t.company, t.id limit $5`;

/** $1 rows of title as JSON */
export const INSERT_TITLES = `insert into title select r.* from jsonb_populate_recordset(null::title, $1::jsonb) r`;

/** $1 rows of title as JSON; what never changes stays out */
export const UPDATE_TITLES = `
  update title t set due_date = n.due_date, discount = n.discount, fine = n.fine, interest = n.interest, paid = n.paid,
    status = n.status, sequence = n.sequence
  from jsonb_populate_recordset(null::title, $1::jsonb) n
  where t.company = n.company and t.id = n.id`;

/** $1 rows of settlement as JSON; only a reversal changes one that is there */
export const WRITE_SETTLEMENTS = `
  insert into settlement select r.* from jsonb_populate_recordset(null::settlement, $1::jsonb) r
  on conflict (company, title_id, id) do update set reversed_on = excluded.reversed_on
  where settlement.reversed_on is distinct from excluded.reversed_on`;

/** $1 events as JSON, in order; $2 actor; $3 traceparent */
export const WRITE_OUTBOX = `
  select erp_outbox_write('receivable', e.id, e.type, e.payload, e.company, e.branch, e.sequence, $2, null, $3) as position
  from (
    select * from rows from (
      jsonb_to_recordset($1::jsonb) as (id text, type text, payload jsonb, company text, branch text, sequence bigint)
    ) with ordinality as e (id, type, payload, company, branch, sequence, place)
    order by place) e`;

/** $1 how many */
export const NEXT_TITLE_NUMBERS = `select nextval('title_number')::text as number from generate_series(1, $1)`;

/** $1 company */
export const LIST_BRANCHES = `
  select company, code, name, document, active from branch where $1::text is null or company = $1 order by company, code`;
export const LIST_COMPANIES = `select code, name, document, time_zone as "timeZone" from company order by code`;
export const LIST_BUSINESS_UNITS = `
  select company, code, name, branch, active from business_unit where $1::text is null or company = $1 order by company, code`;

export const OUTBOX_TOTALS = `
  select count(*)::int as total,
    count(*) filter (where published_at is not null)::int as published,
    count(*) filter (where published_at is null and parked_reason is null)::int as waiting,
    count(*) filter (where published_at is null and parked_reason is not null)::int as parked,
    coalesce(max(position), 0)::text as "lastPosition"
  from erp_outbox`;

export const OUTBOX_BY_TYPE = `select type, count(*)::int as events from erp_outbox group by type order by type`;

/** $1 job, $2 how often it beats, in seconds */
export const BEAT = `select erp_outbox_beat($1, $2)`;

export const PING = `select 1`;
