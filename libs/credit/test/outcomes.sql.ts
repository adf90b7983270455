/** $1 company, $2 what its type ends with */
export const OUTCOMES_OF = `
  select payload from outbox where company = $1 and type like '%' || $2 order by position`;

/** $1 company: everything that is kept of it, as text */
export const EVERYTHING_KEPT = `
  select coalesce(string_agg(a::text || ' ' || convert_from(coalesce(a.raw, ''), 'utf8'), ' '), '') as kept
  from credit_analysis a where a.company = $1`;

/** $1 analysis, $2 days: as if it had been made so long ago */
export const MAKE_OLDER = `
  update credit_analysis set completed_at = completed_at - $2::int * interval '1 day' where id = $1`;

/** $1 integration of this company: what is reserved */
export const RESERVED_OF = `
  select coalesce(sum(s.reserved), 0.00)::text as reserved from spend s
  join integration i on i.id = s.integration_id
  where i.company = $1 and length(s.period) = 10`;

/** $1 subject: settled or open, of whatever lane */
export const STATE_OF_SUBJECT = `
  select state, reason, position::text as position from delivery where subject = $1
  union all
  select state, reason, position::text from delivery_settled where subject = $1`;
