import { COMMON_REASON, filtered, FINGERPRINT } from './deliveries-filter.sql.js';
import { WAITS_FOR_PERSON } from './paid.sql.js';

/** When it failed last; what failed before that was kept was planned then at the latest. */
export const FAILED_AT = `coalesce(d.failed_at, d.planned_at)`;

/** $1 to $16 the filter, $17 how many deliveries to look at, newest first, $18 how many groups */
export const FAILURE_GROUPS = `
  with looked as (
    select d.position, d.operation, d.reason, d.subject, ${FAILED_AT} as failed_at
    from delivery d
    where d.state <> 'pending' and ${WAITS_FOR_PERSON} and ${filtered(FAILED_AT)}
    order by d.position desc
    limit $17),
  groups as (
    select ${FINGERPRINT} as fingerprint, d.operation, ${COMMON_REASON} as reason, count(*)::int as count,
      min(d.failed_at) as first_seen, max(d.failed_at) as last_seen, max(d.position)::text as newest,
      count(distinct d.subject)::int as subjects, (array_agg(distinct d.subject))[1:5] as sample
    from looked d
    group by 1, 2, 3)
  select *, sum(count) over ()::int as looked_at, count(*) over ()::int as groups
  from groups
  order by count desc, fingerprint
  limit $18`;
