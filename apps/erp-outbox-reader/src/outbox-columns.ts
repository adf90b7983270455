import { OPTIONAL_COLUMNS, OUTBOX_COLUMNS, type OutboxColumns } from '#libs/outbox';

/** `occurredAt=created_at,branch=` over the names of the SQL kit. */
export function readOutboxColumns(text: string | undefined): OutboxColumns {
  return { ...OUTBOX_COLUMNS, ...Object.fromEntries(pairsOf(text ?? '')) };
}

export function columnMistakes(text: string): string[] {
  return pairsOf(text).flatMap(([what, column]) => {
    if (!Object.hasOwn(OUTBOX_COLUMNS, what)) return [`"${what}" is none of ${Object.keys(OUTBOX_COLUMNS).join(', ')}`];
    if (column === '' && (OPTIONAL_COLUMNS as readonly string[]).includes(what)) return [];
    return /^[A-Za-z_][A-Za-z0-9_$]{0,62}$/.test(column) ? [] : [`"${column}" is no column name, for ${what}`];
  });
}

function pairsOf(text: string): [what: string, column: string][] {
  const parts = text.split(',').filter((part) => part.trim() !== '');
  return parts.map((part) => {
    const [what = '', ...column] = part.split('=');
    return [what.trim(), column.join('=').trim()];
  });
}
