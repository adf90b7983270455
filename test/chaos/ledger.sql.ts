/** Deliveries that are open, by state. */
export const OPEN_DELIVERIES = `
  select count(*) filter (where state = 'pending')::int as pending, count(*) filter (where state = 'parked')::int as parked,
    coalesce(sum(attempts), 0)::int as attempts
  from customerx.delivery`;

/** Deliveries on record as delivered. */
export const DELIVERED = `select count(*)::int as delivered from customerx.delivery_settled where state = 'delivered'`;

/** Tries that failed, those among them that spent an attempt, and the most that any one delivery has spent. */
export const FAILED_TRIES = `
  select count(*)::int as failed, count(*) filter (where counted)::int as counted,
    coalesce(max(n), 0)::int as most
  from (
    select counted, count(*) filter (where counted) over (partition by position)::int as n
    from customerx.attempt where outcome <> 'delivered') a`;

/** $1 reason: the pauses that stand. */
export const STANDING_PAUSES = `
  select reason, detail, since, until, extract(epoch from until - since)::float8 as seconds
  from customerx.endpoint_pause where reason = $1`;

/** When the ramp after a pause began; null when none is under way. */
export const RAMP_FROM = `select ramp_from from customerx.endpoint order by endpoint.id limit 1`;

/** Whatever waits for its next try may be tried now; lanes in somebody's hand stay there. */
export const LET_RETRIES_COME = `
  with due as (
    select id from customerx.lane
    where waits_for = 'nothing' and ready_at > now() and (lease_until is null or lease_until <= now())
    order by lane.id
    for no key update skip locked),
  tried as (update customerx.delivery set retry_at = now() where lane_id in (select id from due) and retry_at > now())
  update customerx.lane set ready_at = now() where id in (select id from due)`;

/** $1 reason: whatever asked for this pause, its time has come. */
export const LET_PAUSES_END = `update customerx.endpoint_pause set until = now() where reason = $1`;

/** Which replica made how many tries. */
export const TRIES_BY_REPLICA = `
  select replica, count(*)::int as tries from customerx.attempt group by replica order by replica`;

/** $1 integration: every run, oldest first. */
export const RUNS = `
  select id::text as id, kind, window_local, delivered, carried, finished_at is not null as finished
  from customerx.run where integration_id = $1 order by run.id`;

/** $1 integration, $2 seconds ago at which its window should have come. */
export const LET_THE_WINDOW_COME = `
  update customerx.cadence set next_at = now() - $2::int * interval '1 second' where integration_id = $1`;

/** How many probes have gone through the open breaker. */
export const PROBES = `select probes from customerx.endpoint_pause where reason = 'breaker'`;

/** Why tries failed, each reason once. */
export const REASONS_OF_TRIES = `
  select distinct reason from customerx.attempt where outcome <> 'delivered' and reason is not null`;

/** How many events dedupe remembers. */
export const COUNT_INBOX = `select count(*)::int as known from customerx.inbox`;

/** What waits for a person, all of it old. $1 days */
export const AGE_WHAT_WAITS = `
  with events as (update customerx.parked_event set received_at = received_at - $1::int * interval '1 day' returning 1),
  deliveries as (update customerx.delivery set planned_at = planned_at - $1::int * interval '1 day' returning 1)
  select (select count(*) from events)::int + (select count(*) from deliveries)::int as aged`;
