const COLUMNS = `
  a.number::text as number, a.id::text as id, a.integration_id::text as integration_id, a.source, a.company, a.branch,
  a.document, a.person_type, a.customer_id, a.customer_name, a.product, a.cost::text as cost, a.request_id, a.requested_by,
  a.requested_at, a.replaces::text as replaces, a.state, a.reference, a.analyzed_at, a.link, a.score, a.situation,
  a.suggested_limit::text as suggested_limit, a.answer_code, a.answer_text, a.completed_at`;

/** $1 source, $2 company, $3 document: whoever asks for the same is answered one after the other */
export const LOCK_DOCUMENT = `
  select pg_advisory_xact_lock(hashtextextended(format('credit %s %s %s %s', current_schema(), $1::text, $2::text, $3::text), 0))`;

/** $1 id */
export const READ_WISH = `
  select source, company, document, answer, analysis_id::text as analysis_id, cost::text as cost,
    budget_left::text as budget_left
  from credit_wish where id = $1`;

/** $1 id, $2 source, $3 company, $4 document, $5 request, $6 by, $7 at, $8 answer, $9 analysis, $10 cost, $11 budget left */
export const NOTE_WISH = `
  insert into credit_wish (id, source, company, document, request_id, asked_by, asked_at, answer, analysis_id, cost, budget_left)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::numeric, $11::numeric)`;

/** $1 analysis, $2 its own request, $3 at the most: others that asked for the same while it was under way */
export const JOINED_REQUESTS = `
  select distinct w.request_id from credit_wish w
  where w.analysis_id = $1 and w.answer = 'waiting' and w.request_id <> $2
  order by w.request_id
  limit $3`;

/** $1 source, $2 company, $3 document: under way or made, the newest first */
export const STANDING_OF_DOCUMENT = `
  select ${COLUMNS} from credit_analysis a
  where a.source = $1 and a.company = $2 and a.document = $3 and a.state = 'waiting'
  union all
  (select ${COLUMNS} from credit_analysis a
  where a.source = $1 and a.company = $2 and a.document = $3 and a.state = 'completed'
  order by a.number desc
  limit 1)`;

/** $1 id, $2 source, $3 company, $4 document */
export const NUMBER_OF = `
  select number::text as number from credit_analysis where id = $1 and source = $2 and company = $3 and document = $4`;

/** $1 source, $2 company, $3 document: the first analysis of it, which stands for the person where the document may not */
export const PERSON_OF = `
  select id::text as id from credit_analysis where source = $1 and company = $2 and document = $3
  order by number limit 1`;

/** $1 id */
export const READ_ANALYSIS = `select ${COLUMNS} from credit_analysis a where a.id = $1`;

/** $1 id: nobody else ends or decides it meanwhile */
export const LOCK_ANALYSIS = `select ${COLUMNS} from credit_analysis a where a.id = $1 for update`;

/** $1 source, $2 company, $3 document, $4 branches or null for all, $5 before number, $6 limit */
export const LIST_ANALYSES = `
  select ${COLUMNS} from credit_analysis a
  where a.source = $1 and a.company = $2 and a.document = $3 and ($4::text[] is null or a.branch = any($4))
    and a.number < $5
  order by a.number desc
  limit $6`;

/**
 * $1 id, $2 integration, $3 source, $4 company, $5 branch, $6 document, $7 person type, $8 customer, $9 name, $10 product,
 * $11 cost, $12 request, $13 by, $14 at, $15 the one it is asked for instead of
 */
export const INSERT_ANALYSIS = `
  insert into credit_analysis as a (id, integration_id, source, company, branch, document, person_type, customer_id,
    customer_name, product, cost, request_id, requested_by, requested_at, replaces)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::numeric, $12, $13, $14, $15)
  returning ${COLUMNS}`;

/**
 * $1 id, $2 reference, $3 analyzed at, $4 link, $5 score, $6 situation, $7 suggested limit, $8 raw, $9 at. What came to
 * another end before, by a person's word, was charged all the same.
 */
export const COMPLETE_ANALYSIS = `
  update credit_analysis a
  set state = 'completed', reference = $2, analyzed_at = $3, link = $4, score = $5, situation = $6,
    suggested_limit = $7::numeric, raw = $8, completed_at = $9, answer_code = null, answer_text = null
  where a.id = $1 and a.state <> 'completed'
  returning ${COLUMNS}`;

/** $1 integration, $2 reference: the analysis it belongs to */
export const OWNER_OF_REFERENCE = `
  select id::text as id from credit_analysis where integration_id = $1 and reference = $2`;

/** $1 analysis, $2 names of the partner: those that belong to another one of the same integration */
export const KNOWN_REFERENCES = `
  select o.reference from credit_analysis a
  join credit_analysis o on o.integration_id = a.integration_id and o.id <> a.id and o.reference = any($2::text[])
  where a.id = $1`;

/** $1 id, $2 state, $3 code, $4 text, $5 at */
export const END_ANALYSIS = `
  update credit_analysis a set state = $2, answer_code = $3, answer_text = $4, completed_at = $5
  where a.id = $1 and a.state = 'waiting'
  returning ${COLUMNS}`;

/** $1 analysis */
export const READ_RAW = `select raw from credit_analysis where id = $1`;

/** $1 integration, $2 operation, $3 analysis: its paid delivery, and how that ended if it has; none where it was forgotten since */
export const PAID_DELIVERY = `
  select k.position::text as position, o.position is not null as open, s.state, s.reason
  from operation_key k
  left join delivery o on o.position = k.position
  left join delivery_settled s on s.position = k.position
  where k.integration_id = $1 and k.operation = $2 and k.key = $3
  limit 1`;

/** $1 integration, $2 local day, $3 local month */
export const RESERVED = `
  select period, reserved::text as reserved from spend where integration_id = $1 and period in ($2, $3)`;

/** $1 integration, $2 operation: asked for, and not reserved yet */
export const TO_BE_RESERVED = `
  select coalesce(sum(a.cost), 0.00)::numeric(18, 2)::text as cost
  from credit_analysis a
  where a.integration_id = $1 and a.state = 'waiting' and not exists (
    select from operation_key k join intent i on i.position = k.position
    where k.integration_id = a.integration_id and k.operation = $2 and k.key = a.id::text
      and i.state in ('open', 'unknown', 'lost', 'confirmed', 'given-up'))`;

/** $1 analysis, $2 action, $3 by, $4 note, $5 at */
export const NOTE_ACTION = `
  insert into credit_action (analysis_id, action, done_by, note, done_at) values ($1, $2, $3, $4, $5)`;

/** $1 analyses */
export const ACTIONS_OF = `
  select analysis_id::text as analysis_id, action, done_by, note, done_at
  from credit_action where analysis_id = any($1::uuid[]) order by id`;
