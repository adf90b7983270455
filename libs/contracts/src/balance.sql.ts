/**
 * The digest of a set of ids, for an aggregate over rows: the exclusive or of their MD5, in two halves, as 32 hexadecimal
 * digits. Every id must be there once. Both sides of the balance compute it where the ids are.
 * @param id an expression of type uuid
 */
export function digestOfIds(id: string): string {
  const half = (from: number) =>
    `lpad(to_hex(coalesce(bit_xor(('x' || substr(md5(${id}::text), ${from}, 16))::bit(64)::bigint), 0)), 16, '0')`;
  return `${half(1)} || ${half(17)}`;
}

/** As `outcomeIdOf` makes it. @param connector, state, position, eventId expressions of type text */
export function outcomeIdIn(connector: string, state: string, position: string, eventId: string): string {
  return `md5(${connector} || '.delivery.' || ${state} || '.v1/' || ${position} || '/' || coalesce(${eventId}, ''))::uuid`;
}
