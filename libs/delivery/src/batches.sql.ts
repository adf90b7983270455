/** $1 positions, $2 batch: those that are in one already stay there */
export const JOIN_BATCH = `update delivery set batch_id = $2 where position = any($1::bigint[]) and batch_id is null`;

/** $1 positions: what is sent again goes by itself, or with others */
export const LEAVE_BATCH = `
  update delivery set batch_id = null where position = any($1::bigint[]) and batch_id is not null`;

/** $1 batch: the lanes of its members */
export const LANES_OF_BATCH = `select lane_id::text as lane_id from delivery where batch_id = $1`;

/** $1 batch, whose lanes the caller has locked: a statement of its own, after the locks */
export const MEMBERS_OF_BATCH = `
  select d.position::text as position, d.lane_id::text as lane_id, d.integration_id::text as integration_id,
    d.endpoint_id::text as endpoint_id, d.operation, d.state, d.attempts, d.tries, d.source, d.company, d.branch,
    d.event_id, d.event_type, d.subject, d.keys, d.traceparent, d.body, d.batch_id
  from delivery d
  where d.batch_id = $1
  order by d.position`;

/** $1 lane ids, held by the caller: they come back with the first of their batch, and not by themselves */
export const FOLLOW_FIRST = `
  update lane set waits_for = 'batch', ready_at = null where id = any($1::bigint[])`;

/**
 * $1 lane ids, locked by the caller, $2 lease in ms. Whoever had them in hand is gone, or called nobody: only the holder
 * of the first calls.
 */
export const TAKE_ALONG = `
  update lane set epoch = epoch + 1, waits_for = 'batch', ready_at = null,
    lease_until = clock_timestamp() + $2 * interval '1 millisecond'
  where id = any($1::bigint[])
  returning id::text as id, key, epoch::text as epoch`;
