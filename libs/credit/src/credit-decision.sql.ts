const COLUMNS = `
  d.analysis_id::text as analysis_id, d.id::text as id, d.kind, d.from_situation, d.from_limit::text as from_limit,
  d.to_situation, d.to_limit::text as to_limit, d.reason, d.decided_by, d.decided_at, d.acknowledged, d.acknowledged_at,
  d.acknowledgement`;

/** $1 analyses */
export const DECISIONS_OF = `select ${COLUMNS} from credit_decision d where d.analysis_id = any($1::uuid[])`;

/**
 * $1 analysis, $2 id, $3 kind, $4 situation and $5 limit as they were, $6 situation and $7 limit as they shall be, $8 reason,
 * $9 by, $10 at: none where somebody was there before
 */
export const INSERT_DECISION = `
  insert into credit_decision as d (analysis_id, id, kind, from_situation, from_limit, to_situation, to_limit, reason,
    decided_by, decided_at)
  values ($1, $2, $3, $4, $5::numeric, $6, $7::numeric, $8, $9, $10)
  on conflict (analysis_id) do nothing
  returning ${COLUMNS}`;

/** $1 decision, $2 source, $3 company, $4 what became of it, $5 reason, $6 at: none where that was said before, or it is nobody's there */
export const ACKNOWLEDGE = `
  update credit_decision d set acknowledged = $4, acknowledgement = $5, acknowledged_at = $6
  from credit_analysis a
  where d.id = $1 and a.id = d.analysis_id and a.source = $2 and a.company = $3
    and (d.acknowledged is distinct from $4 or d.acknowledgement is distinct from $5)
  returning d.analysis_id::text as analysis_id`;
