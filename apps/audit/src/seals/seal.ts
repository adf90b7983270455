import { hashOf } from '../intake/digest.js';
import type { Company } from '../keys/blind-index.js';

/** One entry as a seal remembers it. */
export interface Member {
  id: string;
  digest: Buffer;
}

/** What a seal says: these entries of this company stood after the previous seal, and nothing between them. */
export interface Seal extends Company {
  /** From 1, without gaps. */
  number: string;
  firstId: string;
  lastId: string;
  entries: number;
  /** Of each entry 8 bytes id and 32 bytes digest: a seal names the entry that no longer fits, or is gone. */
  members: Buffer;
  previousHash: Buffer;
  hash: Buffer;
  sealedAt: Date;
}

const LAYOUT = 1;
const ID_BYTES = 8;
const DIGEST_BYTES = 32;
const MEMBER_BYTES = ID_BYTES + DIGEST_BYTES;

/** What the first seal of a company follows. */
export const NO_SEAL = Buffer.alloc(DIGEST_BYTES);

/** `members` in the order of their ids, at least one. */
export function sealOf(of: Company, previous: Pick<Seal, 'number' | 'hash'>, members: Member[], sealedAt: Date): Seal {
  const packed = packMembers(members);
  const unhashed = {
    owner: of.owner,
    company: of.company,
    number: String(BigInt(previous.number) + 1n),
    firstId: members[0]!.id,
    lastId: members.at(-1)!.id,
    entries: members.length,
    members: packed,
    previousHash: previous.hash,
    sealedAt,
  };
  return { ...unhashed, hash: sealHash(unhashed) };
}

/** SHA-256 over everything else the seal says. */
export function sealHash(seal: Omit<Seal, 'hash'>): Buffer {
  return hashOf(
    JSON.stringify([
      LAYOUT,
      seal.owner,
      seal.company,
      seal.number,
      seal.firstId,
      seal.lastId,
      seal.entries,
      hashOf(seal.members).toString('hex'),
      seal.previousHash.toString('hex'),
      seal.sealedAt.toISOString(),
    ]),
  );
}

function packMembers(members: Member[]): Buffer {
  const packed = Buffer.alloc(members.length * MEMBER_BYTES);
  for (const [at, { id, digest }] of members.entries()) {
    packed.writeBigInt64BE(BigInt(id), at * MEMBER_BYTES);
    digest.copy(packed, at * MEMBER_BYTES + ID_BYTES);
  }
  return packed;
}

/** @throws RangeError for a text that is no list of members */
export function unpackMembers(packed: Buffer): Member[] {
  return Array.from({ length: Math.ceil(packed.length / MEMBER_BYTES) }, (_, at) => ({
    id: packed.readBigInt64BE(at * MEMBER_BYTES).toString(),
    digest: packed.subarray(at * MEMBER_BYTES + ID_BYTES, (at + 1) * MEMBER_BYTES),
  }));
}
