import { quoteTable } from '#libs/outbox';

/**
 * $1 source of all of them, $2 … $10 one array per column. What is there already is left as it is, the ERP's mark
 * included. Positions are drawn in the order given.
 * @returns ids of what was new
 */
export function insertResults(table: string): string {
  return `
  insert into ${quoteTable(table)} (id, source, type, subject, company, branch, occurred_at, payload, actor, traceparent)
  select id, $1::text, type, subject, company, branch, occurred_at, payload::jsonb, actor, traceparent
    from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::text[], $9::text[],
                $10::text[])
      with ordinality as result (id, type, subject, company, branch, occurred_at, payload, actor, traceparent, place)
   order by place
  on conflict (id) do nothing
  returning id`;
}
