/** $1 source, $2 company, $3 after title, $4 limit; the deleted ones too */
export const READ_TITLES = `
  select data, position::text as position from receivable
  where source = $1 and company = $2 and receivable_id > $3
  order by receivable_id
  limit $4`;

/** $1 source, $2 company, $3 titles: what stands, locked in the order everybody locks them */
export const LOCK_TITLES = `
  select data, position::text as position from receivable
  where source = $1 and company = $2 and receivable_id = any($3::text[])
  order by source, company, receivable_id
  for update`;

/** $1 source, $2 company, $3 document: what its holder owes, locked in the order everybody locks them */
export const LOCK_OWED_BY = `
  select data, position::text as position from receivable
  where source = $1 and company = $2 and data->'customer'->>'document' = $3 and status in ('open', 'partially-settled')
  order by source, company, receivable_id
  for update`;

/** $1 source, $2 company: where its titles belong, the deleted left out */
export const PLACES_OF_TITLES = `
  select branch, data->>'businessUnit' as business_unit, count(*)::int as titles,
    count(*) filter (where status in ('open', 'partially-settled'))::int as owed
  from receivable
  where source = $1 and company = $2 and status <> 'deleted'
  group by 1, 2
  order by 1, 2`;
