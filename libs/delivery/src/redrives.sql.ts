import { FAILED_AT } from './deliveries-failures.sql.js';
import { COMMON_REASON, filtered, FINGERPRINT, seenIn } from './deliveries-filter.sql.js';

/**
 * What waits for a person, of what the caller may redrive and looks for. Not what may have taken effect already: that is
 * resolved one by one.
 */
const CHOSEN = `from delivery d where d.state <> 'pending' and d.state = 'parked' and ${filtered(FAILED_AT)}`;

/** $1 to $16 the filter: of which nobody knows whether their calls took effect */
export const COUNT_CHOSEN_UNKNOWN = `
  select count(*)::int as unknown from delivery d where d.state <> 'pending' and d.state = 'unknown' and ${filtered(FAILED_AT)}`;

const IS_TAKEN = `
  exists (select from redrive_item i where i.position = d.position and i.state in ('waiting', 'released'))`;

/** $1 to $16 the filter: by operation */
export const COUNT_CHOSEN = `
  select d.operation, count(*) filter (where not ${IS_TAKEN})::int as count,
    count(*) filter (where ${IS_TAKEN})::int as taken,
    min(${FAILED_AT}) filter (where not ${IS_TAKEN}) as oldest, max(${FAILED_AT}) filter (where not ${IS_TAKEN}) as newest
  ${CHOSEN}
  group by d.operation
  order by 2 desc, d.operation`;

/** $1 to $16 the filter, $17 how many groups */
export const GROUP_CHOSEN = `
  select ${FINGERPRINT} as fingerprint, d.operation, ${COMMON_REASON} as reason, count(*)::int as count
  ${CHOSEN} and not ${IS_TAKEN}
  group by 1, 2, 3
  order by count desc, fingerprint
  limit $17`;

/** $1 to $16 the filter, $17 how many */
export const SAMPLE_CHOSEN = `
  select d.position::text as position, d.operation, d.subject, d.company, d.branch, d.reason
  ${CHOSEN} and not ${IS_TAKEN}
  order by d.position
  limit $17`;

/** Who presses twenty times is answered one time after the other. */
export const LOCK_STARTS = `select pg_advisory_xact_lock(hashtext('ponte redrives ' || current_schema()))`;

/** $1 filter, $2 why, $3 by whom, $4 per second, $5 how many go before somebody says so, or null */
export const INSERT_REDRIVE = `
  insert into redrive (filter, reason, started_by, per_second, first_only, total) values ($1::jsonb, $2, $3, $4, $5, 0)
  returning id::text as id`;

/** $1 to $16 the filter, $17 redrive: the set is frozen here, without what is in another open one */
export const INSERT_ITEMS = `
  insert into redrive_item (redrive_id, position, integration_id, operation, source, company, branch, subject, reason_before)
  select $17::bigint, d.position, d.integration_id, d.operation, d.source, d.company, d.branch, d.subject, d.reason
  ${CHOSEN}
  order by d.position
  on conflict do nothing`;

/** $1 redrive: whose deliveries it is about */
export const INSERT_TERRITORIES = `
  insert into redrive_territory (redrive_id, source, company, branch)
  select distinct redrive_id, source, company, branch from redrive_item where redrive_id = $1`;

/** $1 redrive, $2 how many */
export const SET_TOTAL = `update redrive set total = $2 where id = $1`;

/** Shown to those who may see all of it: its counts would tell of the rest. */
const SHOWN = `
  not exists (select from redrive_territory w where w.redrive_id = r.id and not ${seenIn('w')})`;

const COUNTED = `
  select jsonb_object_agg(c.state, c.items)
  from (select i.state, count(*) as items from redrive_item i where i.redrive_id = r.id group by i.state) c`;

const COLUMNS = `
  r.id::text as id, r.filter, r.reason, r.started_by, r.per_second, r.first_only, r.taken, r.total, r.started_at,
  r.canceled_at, r.canceled_by, r.finished_at, coalesce(r.counts, (${COUNTED}), '{}') as counts`;

/** $1 to $3 what the caller may see, $4 before id, $5 limit */
export const LIST_REDRIVES = `
  select ${COLUMNS} from redrive r where r.id < $4 and ${SHOWN} order by r.id desc limit $5`;

/** $1 to $3 what the caller may see, $4 id */
export const READ_REDRIVE = `select ${COLUMNS} from redrive r where r.id = $4 and ${SHOWN}`;

/** $1 redrive, $2 after position, $3 limit, $4 state or null */
export const LIST_ITEMS = `
  select position::text as position, integration_id::text as integration_id, operation, source, company, branch, subject, state,
    reason_before, reason, released_at, ended_at
  from redrive_item i
  where i.redrive_id = $1 and i.position > $2 and ($4::text is null or i.state = $4)
  order by i.position
  limit $3`;

/** $1 redrive: nobody releases of it while somebody decides about it */
export const LOCK_REDRIVE = `
  select id::text as id, canceled_at, finished_at, first_only from redrive where id = $1 for no key update`;

/** $1 redrive, $2 by whom */
export const CANCEL_REDRIVE = `
  update redrive set canceled_at = clock_timestamp(), canceled_by = $2, next_at = clock_timestamp() where id = $1`;

/** $1 redrive */
export const CANCEL_ITEMS = `
  update redrive_item set state = 'canceled', ended_at = clock_timestamp() where redrive_id = $1 and state = 'waiting'`;

/** $1 redrive */
export const LET_THE_REST_GO = `
  update redrive set first_only = null, next_at = clock_timestamp() where id = $1`;
