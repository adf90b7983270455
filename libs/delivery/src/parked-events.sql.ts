import { seenIn } from './deliveries-filter.sql.js';

/** The listed columns of a parked event; its bytes are read one event at a time. */
const LISTED = `
  p.id::text as id, p.state, p.source, p.company, p.branch, p.key, p.event_id, p.type, p.subject,
  p.integration_id::text as integration_id, p.holds, p.reason_code, p.reason, p.received_at, p.resolved_at, p.resolved_by,
  p.resolution,
  case when p.state <> 'waiting' and p.resolved_at is null then (
    select count(*)::int from parked_event w
    where w.resolved_at is null and w.state = 'waiting' and w.source = p.source and w.company = p.company and w.key = p.key
      and w.id > p.id) else 0 end as waiting_behind`;

/**
 * $1 to $3 what the caller may see, $4 after id, $5 limit, $6 with the resolved ones, $7 source, $8 company, $9 branch,
 * $10 reason code, $11 type, $12 subject, $13 event id, $14 received from, $15 until; each of these or null
 */
export const LIST_PARKED = `
  select ${LISTED}
  from parked_event p
  where p.id > $4 and p.state <> 'waiting' and ($6 or p.resolved_at is null) and ${seenIn('p')}
    and ($7::text is null or p.source = $7) and ($8::text is null or p.company = $8) and ($9::text is null or p.branch = $9)
    and ($10::text is null or p.reason_code = $10) and ($11::text is null or p.type = $11)
    and ($12::text is null or p.subject = $12) and ($13::text is null or p.event_id = $13)
    and ($14::timestamptz is null or p.received_at >= $14) and ($15::timestamptz is null or p.received_at < $15)
  order by p.id
  limit $5`;

/** $1 id */
export const FIND_PARKED = `select ${LISTED} from parked_event p where p.id = $1`;

/** $1 id: sealed */
export const CONTENT_OF_PARKED = `select content from parked_event where id = $1`;
