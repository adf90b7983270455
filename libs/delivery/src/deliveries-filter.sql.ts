/** A row belongs to somebody who may see the arrays of `filterValues`; one without a branch to those of the whole company. */
export function seenIn(row: string, from = 1): string {
  const [sources, companies, branches] = [from, from + 1, from + 2];
  return `(
    $${sources}::text[] is null or exists (
      select from unnest($${sources}::text[], $${companies}::text[], $${branches}::text[]) as t(source, company, branch)
      where t.source = ${row}.source and t.company = ${row}.company and (t.branch is null or t.branch = ${row}.branch)))`;
}

/**
 * What many failures have in common: quoted values, addresses and whatever has a digit in it are left out, but for the
 * partner's HTTP status and names of fields. "título 4711-2: cliente 88 desconhecido" → "título #: cliente # desconhecido"
 */
export const COMMON_REASON = String.raw`
  left(regexp_replace(regexp_replace(regexp_replace(left(coalesce(d.reason, ''), 1000),
    '(?<![[:alnum:]])"[^"]*[^"a-z_.][^"]*"', '"#"', 'g'),
    '[^\s"]+@[^\s"]+', '#', 'g'),
    '(?<!HTTP )(?<![[:alnum:]_./,:-])[[:alpha:]_./-]*[0-9]([[:alnum:]_.,/:-]*[[:alnum:]])?', '#', 'g'), 300)`;

export const FINGERPRINT = `left(md5(d.operation || chr(10) || ${COMMON_REASON}), 16)`;

/** The where clause over deliveries `d` for `filterValues`, $1 to $16. @param instant what the period is of */
export function filtered(instant: string): string {
  return `
    ${seenIn('d')}
    and ($4::text is null or d.source = $4) and ($5::text is null or d.company = $5) and ($6::text is null or d.branch = $6)
    and ($7::bigint is null or d.integration_id = $7) and ($8::text is null or d.operation = $8)
    and ($9::text is null or d.state = $9) and ($10::text is null or d.subject = $10)
    and ($11::uuid is null or d.event_id = $11) and ($12::jsonb is null or d.keys @> $12)
    and ($13::timestamptz is null or ${instant} >= $13) and ($14::timestamptz is null or ${instant} < $14)
    and ($15::text is null or position($15 in lower(d.reason)) > 0)
    and ($16::text is null or ${FINGERPRINT} = $16)`;
}
