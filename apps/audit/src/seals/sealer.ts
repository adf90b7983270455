import { Injectable } from '@nestjs/common';
import { Pool, type PoolClient } from 'pg';
import { Clock, inTransaction } from '#libs/runtime';
import { Writers } from '../intake/writers.js';
import type { Company } from '../keys/blind-index.js';
import { NO_SEAL, sealOf, type Member, type Seal } from './seal.js';
import * as sql from './seals.sql.js';

type Unsealed = Company & Member;

const MOST_AT_ONCE = 10_000;

/**
 * Chains what was recorded, company by company. Recording never waits for a chain: the sealer takes the writers' rows
 * for a moment, so that no lower id is still on its way, and hashes afterwards.
 */
@Injectable()
export class Sealer {
  constructor(
    private readonly pool: Pool,
    private readonly writers: Writers,
    private readonly clock: Clock,
  ) {}

  /** Seals all that is committed now. @returns how many entries; 0 as well while another replica seals */
  async sealAll(): Promise<number> {
    const lastId = await this.settledUpTo();
    let sealed = 0;
    for (;;) {
      const step = await inTransaction(this.pool, (client) => this.sealSome(client, lastId));
      sealed += step;
      if (step < MOST_AT_ONCE) return sealed;
    }
  }

  /**
   * The highest id below which nothing is on its way. An id read here was given out by a writer whose row exists, and
   * whoever gave out a lower one still holds his: once all rows are had, all of them are decided.
   */
  private async settledUpTo(): Promise<string> {
    const { rows } = await this.pool.query<{ id: string }>(sql.SELECT_LAST_ID);
    await inTransaction(this.pool, (client) => this.writers.lockAll(client));
    return rows[0]!.id;
  }

  private async sealSome(client: PoolClient, lastId: string): Promise<number> {
    const { rows: turn } = await client.query<{ sealedUpTo: string }>(sql.TAKE_SEALING);
    if (turn.length === 0) return 0;
    const range = [turn[0]!.sealedUpTo, lastId, MOST_AT_ONCE];
    const { rows } = await client.query<Unsealed>(sql.SELECT_UNSEALED, range);
    if (rows.length === 0) return 0;
    const groups = [...Map.groupBy(rows, ({ owner, company }) => `${owner}|${company}`).values()];
    const heads = await headsOf(
      client,
      groups.map((group) => group[0]!),
    );
    const sealedAt = this.clock.now();
    for (const group of groups) await insertSeal(client, sealOf(group[0]!, headOf(heads, group[0]!), group, sealedAt));
    await client.query(sql.UPDATE_SEALING, [rows.at(-1)!.id]);
    return rows.length;
  }
}

/** The last seal of a company, as it is shown and written down elsewhere. */
export type Head = Company & Pick<Seal, 'number' | 'lastId' | 'hash' | 'sealedAt'>;

export async function headsOf(database: Pool | PoolClient, companies: readonly Company[]): Promise<Head[]> {
  const { rows } = await database.query<Head>(sql.SELECT_HEADS, [
    companies.map(({ owner }) => owner),
    companies.map(({ company }) => company),
  ]);
  return rows;
}

function headOf(heads: readonly Head[], { owner, company }: Company): Pick<Seal, 'number' | 'hash'> {
  const head = heads.find((each) => each.owner === owner && each.company === company);
  return head ?? { number: '0', hash: NO_SEAL };
}

async function insertSeal(client: PoolClient, seal: Seal): Promise<void> {
  await client.query(sql.INSERT_SEAL, [
    seal.owner,
    seal.company,
    seal.number,
    seal.firstId,
    seal.lastId,
    seal.entries,
    seal.members,
    seal.previousHash,
    seal.hash,
    seal.sealedAt,
  ]);
}
