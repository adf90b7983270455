import type { TakenCall } from '#libs/testing';

/** Due dates only ever rise here: where one falls, a later state of its title was overtaken by an earlier one. */
export function fallen(calls: readonly TakenCall[], titles: readonly string[]): string[] {
  const last = new Map<string, string>();
  const wanted = new Set(titles);
  return calls.flatMap((call) => {
    const { externalId, effect, body } = call as TakenCall & { body?: string };
    const due = /"date_due":\s*"([^"]+)"/.exec(body ?? '')?.[1];
    if (externalId === undefined || !wanted.has(externalId) || effect === 'none' || due === undefined) return [];
    const before = last.get(externalId);
    last.set(externalId, due);
    return before !== undefined && sortable(due) < sortable(before)
      ? [`${externalId}: due ${due} after ${before}`]
      : [];
  });
}

/** Days as CustomerX may be told them: with the year first or last. */
function sortable(day: string): string {
  const [one, two, three] = day.split(/[-/]/) as [string, string, string];
  return one.length === 4 ? day : `${three}${two}${one}`;
}
