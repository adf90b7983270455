import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import { digestOf, type ClearColumns } from '../intake/digest.js';
import type { Company } from '../keys/blind-index.js';
import { NO_SEAL, sealHash, unpackMembers, type Member, type Seal } from './seal.js';
import * as sql from './seals.sql.js';

/** The first thing that does not fit, in the words of an auditor. */
export interface Break {
  kind: 'entry-changed' | 'entry-missing' | 'entry-added' | 'seal-changed' | 'seal-missing' | 'head-differs';
  seal: string;
  entryId?: string;
}

export interface Verification {
  /** Seals and entries that were looked at and fit. */
  seals: number;
  entries: number;
  /** Recorded and not sealed yet; they are looked at once they are. */
  unsealed: number;
  break?: Break;
  /** Where to go on: this call has looked at as much as one call may. */
  nextSeal?: string;
}

/** A head somebody wrote down earlier: a chain rewritten from its beginning fits itself and not this. */
export interface KnownHead {
  number: string;
  hash: string;
}

type StoredColumns = ClearColumns & { ciphertextHash: Buffer; digest: Buffer };
type StoredSeal = Omit<Seal, keyof Company>;
type Previous = Pick<Seal, 'number' | 'hash' | 'lastId'>;

const SEALS_AT_ONCE = 10;
const ROWS_AT_ONCE = 2_000;
const MOST_ENTRIES = 200_000;
const BEGINNING: Previous = { number: '0', hash: NO_SEAL, lastId: '0' };

/** Walks one company's chain: every seal follows the one before it, and every entry is the one that was sealed. */
@Injectable()
export class ChainVerifier {
  constructor(private readonly pool: Pool) {}

  /** Begins at a seal; the one before it is taken at its word, since an earlier call has looked at it. */
  async verify(of: Company, fromSeal = '1', known?: KnownHead): Promise<Verification> {
    const counted = { seals: 0, entries: 0 };
    let previous = await this.sealBefore(of, fromSeal);
    if (!previous) return { ...counted, unsealed: 0, break: { kind: 'seal-missing', seal: numberBefore(fromSeal) } };
    for await (const seal of this.sealsFrom(of, fromSeal)) {
      if (counted.entries >= MOST_ENTRIES) return { ...counted, unsealed: 0, nextSeal: seal.number };
      const broken = breakInSeal(of, previous, seal, known) ?? (await this.breakInEntries(of, previous, seal));
      if (broken) return { ...counted, unsealed: 0, break: broken };
      counted.seals += 1;
      counted.entries += seal.entries;
      previous = seal;
    }
    const unsealed = await this.countUnsealed(of, previous.lastId);
    const cutOff = known && BigInt(known.number) > BigInt(previous.number);
    return {
      ...counted,
      unsealed,
      ...(cutOff && { break: { kind: 'seal-missing', seal: numberAfter(previous.number) } }),
    };
  }

  private async sealBefore(of: Company, number: string): Promise<Previous | undefined> {
    if (number === '1') return BEGINNING;
    const [seal] = await this.selectSeals(of, numberBefore(number), 1);
    return seal?.number === numberBefore(number) ? seal : undefined;
  }

  private async *sealsFrom(of: Company, from: string): AsyncGenerator<StoredSeal> {
    for (let number = from; ;) {
      const seals = await this.selectSeals(of, number, SEALS_AT_ONCE);
      yield* seals;
      if (seals.length < SEALS_AT_ONCE) return;
      number = numberAfter(seals.at(-1)!.number);
    }
  }

  private async selectSeals({ owner, company }: Company, from: string, limit: number): Promise<StoredSeal[]> {
    return (await this.pool.query<StoredSeal>(sql.SELECT_SEALS, [owner, company, from, limit])).rows;
  }

  private async breakInEntries(of: Company, previous: Previous, seal: StoredSeal): Promise<Break | undefined> {
    const members = unpackMembers(seal.members);
    const told = (kind: Break['kind'], entryId: string): Break => ({ kind, seal: seal.number, entryId });
    let at = 0;
    for await (const entry of this.entriesBetween(of, previous.lastId, seal.lastId)) {
      const member = members[at];
      if (!member || BigInt(entry.id) < BigInt(member.id)) return told('entry-added', entry.id);
      if (entry.id !== member.id) return told('entry-missing', member.id);
      if (!fits(entry, member)) return told('entry-changed', entry.id);
      at += 1;
    }
    return at < members.length ? told('entry-missing', members[at]!.id) : undefined;
  }

  private async *entriesBetween(of: Company, after: string, upTo: string): AsyncGenerator<StoredColumns> {
    for (let last = after; ;) {
      const range = [of.owner, of.company, last, upTo, ROWS_AT_ONCE];
      const { rows } = await this.pool.query<StoredColumns>(sql.SELECT_CLEAR_COLUMNS, range);
      yield* rows;
      if (rows.length < ROWS_AT_ONCE) return;
      last = rows.at(-1)!.id;
    }
  }

  private async countUnsealed({ owner, company }: Company, after: string): Promise<number> {
    return (await this.pool.query<{ count: number }>(sql.COUNT_UNSEALED, [owner, company, after])).rows[0]!.count;
  }
}

function breakInSeal(of: Company, previous: Previous, seal: StoredSeal, known?: KnownHead): Break | undefined {
  const { number } = seal;
  if (number !== numberAfter(previous.number)) return { kind: 'seal-missing', seal: numberAfter(previous.number) };
  if (!sealHash({ ...seal, ...of }).equals(seal.hash)) return { kind: 'seal-changed', seal: number };
  if (!seal.previousHash.equals(previous.hash)) return { kind: 'seal-changed', seal: number };
  const rewritten = known?.number === number && known.hash !== seal.hash.toString('hex');
  return rewritten ? { kind: 'head-differs', seal: number } : undefined;
}

function fits(entry: StoredColumns, member: Member): boolean {
  return digestOf(entry, entry.ciphertextHash).equals(member.digest) && entry.digest.equals(member.digest);
}

function numberBefore(number: string): string {
  return String(BigInt(number) - 1n);
}

function numberAfter(number: string): string {
  return String(BigInt(number) + 1n);
}
