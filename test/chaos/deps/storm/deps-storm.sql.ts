/** Deliveries that are open: those that go on by themselves, and those that wait for a person. */
export const OPEN_DELIVERIES = `
  select count(*) filter (where not ${waits('d')})::int as moving, count(*) filter (where ${waits('d')})::int as waiting
  from deps.delivery d`;

/** Heard of, and not gone. */
export const COUNT_OPEN = `select count(*)::int as open from deps.delivery`;

/** $1 ms: calls of which nobody knows what became ended so much longer ago */
export const AGE_INTENTS = `
  update deps.intent set ended_at = ended_at - $1::int * interval '1 millisecond'
  where state in ('unknown', 'lost') and ended_at is not null`;

/** Whatever waits for its next try or look may be tried now; lanes in somebody's hand stay there. */
export const LET_RETRIES_COME = `
  with due as (
    select id from deps.lane
    where waits_for = 'nothing' and ready_at > now() and (lease_until is null or lease_until <= now())
    order by lane.id
    for no key update skip locked),
  tried as (update deps.delivery set retry_at = now() where lane_id in (select id from due) and retry_at > now())
  update deps.lane set ready_at = now() where id in (select id from due)`;

/** $1 integration: its window comes now */
export const LET_THE_WINDOW_COME = `update deps.cadence set next_at = now() where integration_id = $1`;

/**
 * What is reserved of the days and of the months, what the calls that were made or may have been made cost, and how many
 * were confirmed.
 */
export const SPENT = `
  select coalesce((select sum(reserved) from deps.spend where length(period) = 10), 0)::text as days,
    coalesce((select sum(reserved) from deps.spend where length(period) = 7), 0)::text as months,
    coalesce(sum(cost) filter (where state in ('open', 'unknown', 'lost', 'confirmed', 'given-up')), 0)::numeric(18, 2)::text
      as charged,
    count(*) filter (where state = 'confirmed')::int as confirmed
  from deps.intent`;

/** $1 reason: pauses that stand, and those that were ever told of */
export const PAUSES = `
  select (select count(*)::int from deps.endpoint_pause where reason = $1) as standing,
    (select count(*)::int from deps.outbox where type = 'deps.endpoint.paused.v1' and payload ->> 'pauseReason' = $1) as told`;

export const FAILED_TRIES = `select count(*)::int as failed from deps.attempt where outcome <> 'delivered'`;

/** What the ERP committed of its titles, title by title in order. */
export const COMMITTED = `
  select aggregateid as title, type, payload ->> 'status' as status, payload ->> 'openAmount' as open,
    payload -> 'movement' ->> 'kind' as kind, payload -> 'movement' ->> 'date' as date,
    payload -> 'movement' ->> 'amount' as amount
  from erp_outbox where aggregatetype = 'receivable' order by aggregateid, position`;

function waits(delivery: string): string {
  return `(${delivery}.state = 'parked' or (${delivery}.state = 'unknown' and ${delivery}.retry_at is null))`;
}
