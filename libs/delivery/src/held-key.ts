/** One of the events that hold a key, in the order they came; `integrationId` where it holds it for that one only. */
export interface KeyHolder {
  id: string;
  state: string;
  integration_id: string | null;
}

export interface Freed<Row> {
  row: Row;
  /** Integrations for which something older still holds the key. */
  exceptIntegrations: ReadonlySet<string>;
}

/**
 * What may be planned once the event `id` holds its key no more: those that waited behind it, up to the next that holds
 * the key in its own right; and the event itself, in its place, when it is to be planned.
 * @param rows everything that holds the key, in order
 * @param mayGo whether one that holds the key in its own right can be planned by now
 */
export function freedBy<Row extends KeyHolder>(
  rows: readonly Row[],
  id: string,
  mayGo: (row: Row) => boolean,
): Freed<Row>[] {
  const freed: Freed<Row>[] = [];
  const held = new Set<string>();
  let wholeIsHeld = false;
  for (const row of rows) {
    const { integration_id: integrationId } = row;
    const blocked = wholeIsHeld || (integrationId !== null && held.has(integrationId));
    const isFree = row.id === id || row.state === 'waiting' || mayGo(row);
    if (isFree && !blocked) freed.push({ row, exceptIntegrations: new Set(held) });
    else if (integrationId === null) wholeIsHeld = true;
    else held.add(integrationId);
  }
  return freed;
}
