/** $1 source, $2 company, $3 branch or null for all: titles that would be told again */
export const COUNT_RESENT = `
  select count(*)::int as titles from receivable
  where source = $1 and company = $2 and ($3::text is null or branch = $3) and status <> 'deleted'`;
