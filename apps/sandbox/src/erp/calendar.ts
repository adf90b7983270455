const DAY_MS = 86_400_000;

/** `2026-02-27` and 2 → `2026-03-01`. Business days have no zone: a date is a date. */
export function addDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/** Today where the ERP stands. */
export function todayInSaoPaulo(now: Date): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone: 'America/Sao_Paulo' }).format(now);
}
