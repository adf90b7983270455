import { createHash } from 'node:crypto';

/** Never changes: ids made with it are in ledgers. */
const NAMESPACE = Buffer.from('6f1d7a5e1c0b4e1f9b9a2d3c8f4e5a60', 'hex');

/**
 * The id of an event that was sent without one: the UUID version 5 (RFC 9562) of its source, company, type, subject and
 * sequence, each on a line of its own, in the namespace 6f1d7a5e-1c0b-4e1f-9b9a-2d3c8f4e5a60; without a sequence, its
 * time as it was written takes that place. The same event sent again has the same id, whoever computes it; two events
 * of one subject need two sequences, or two instants.
 * @param name source, company, type, subject, and sequence or else time
 */
export function derivedId(name: readonly string[]): string {
  const hash = createHash('sha1').update(NAMESPACE).update(name.join('\n')).digest();
  hash[6] = (hash[6]! & 0x0f) | 0x50;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  const hex = hash.toString('hex', 0, 16);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
