/**
 * $1 integration, $2 lane keys, $3 subjects of the same things, $4 since: whether something is open on each lane, whether
 * that waits for a person, whether something was settled since, and whether anything was ever delivered
 */
export const LANE_FACTS = `
  select k.key,
    h.position is not null as open,
    coalesce(h.state <> 'pending', false) as parked,
    exists (
      select from delivery_settled s
      where s.subject = k.subject and s.integration_id = $1 and s.settled_at >= $4) as settled_since,
    exists (
      select from delivery_settled s
      where s.subject = k.subject and s.integration_id = $1 and s.state = 'delivered') as delivered
  from unnest($2::text[], $3::text[]) as k(key, subject)
  left join lane l on l.integration_id = $1 and l.key = k.key
  left join lateral (
    select d.position, d.state from delivery d where d.lane_id = l.id order by d.lane_id, d.position limit 1) h on true`;

/** $1 integration, $2 group */
export const ENDPOINT_OF_GROUP = `
  select id::text as id from endpoint where integration_id = $1 and operation_group = $2`;
