/** $1 company, $2 title: as the ERP's guide asks, locked before it is told of. */
export const LOCK_TITLE = `select from title where company = $1 and id = $2 for no key update`;

/** $1 company, $2 title: due a day later, and told of in the same transaction. */
export const MOVE_DUE_DATE = `
  with moved as (
    update title set due_date = due_date + 1, sequence = sequence + 1 where company = $1 and id = $2
    returning id, branch, due_date, sequence
  ), last as (
    select payload from erp_outbox where aggregatetype = 'receivable' and company = $1 and aggregateid = $2
    order by position desc limit 1
  )
  select erp_outbox_write('receivable', m.id, 'erp.receivable.adjusted.v1',
    (l.payload - 'more') || jsonb_build_object('dueDate', m.due_date::text, 'sequence', m.sequence, 'movement', jsonb_build_object(
      'id', m.id || '.' || m.sequence, 'kind', 'due-date', 'date', current_date::text, 'amount', '0.00')),
    $1, m.branch, m.sequence, 'chaos') as position
  from moved m, last l`;

/** $1 how many: positions drawn by transactions that never commit. */
export const DRAW_POSITIONS = `
  select count(nextval(pg_get_serial_sequence('erp_outbox', 'position'))) from generate_series(1, $1)`;

/** Told of and marked. */
export const COUNT_MARKED = `
  select count(*)::int as rows from erp_outbox where aggregatetype = 'receivable' and published_at is not null`;

/** $1 company, $2 title, $3 type, $4 bytes more in the payload, $5 a due date or null: a movement told wrongly. */
export const SPOIL_LAST = `
  with moved as (
    update title set due_date = due_date + 1, sequence = sequence + 1 where company = $1 and id = $2
    returning id, branch, due_date, sequence
  ), last as (
    select payload from erp_outbox where aggregatetype = 'receivable' and company = $1 and aggregateid = $2
    order by position desc limit 1
  )
  select erp_outbox_write('receivable', m.id, $3,
    l.payload || jsonb_build_object('sequence', m.sequence, 'dueDate', coalesce($5::text, m.due_date::text), 'more', $4::text,
      'movement', jsonb_build_object(
        'id', m.id || '.' || m.sequence, 'kind', 'due-date', 'date', current_date::text, 'amount', '0.00')),
    $1, m.branch, m.sequence, 'chaos') as position
  from moved m, last l`;

/** $1 position: what a person in the ERP does to a row that cannot travel. */
export const MEND = `
  update erp_outbox set payload = payload - 'more', type = 'erp.receivable.adjusted.v1' where position = $1`;
