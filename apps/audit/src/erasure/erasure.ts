import { Injectable } from '@nestjs/common';
import type { PoolClient } from 'pg';
import type { Caller } from '#libs/access';
import { Clock, notFound } from '#libs/runtime';
import { normaliseDocument, searchWord } from '../intake/found-by.js';
import { documentToken } from '../intake/key-holder.js';
import { ownRecord } from '../intake/own-record.js';
import { Recorder } from '../intake/recorder.js';
import { BlindIndex, type Company } from '../keys/blind-index.js';
import { Scopes, type Wish } from '../search/scopes.js';
import * as sql from './erasure.sql.js';

export interface ErasureOrder extends Wish {
  document: string;
  /** Why, and on whose request; recorded. */
  reason: string;
}

/** What was erased in one company. */
export interface Erased extends Company {
  keys: number;
  searchTokens: number;
  entryId: string;
}

/**
 * Erases a person (LGPD, Lei 13.709 art. 18 VI): the key of everything recorded about that document, and what it was
 * found by. The entries stay and the chain still verifies; nobody can read them again, backups of keys aside.
 */
@Injectable()
export class Erasure {
  constructor(
    private readonly recorder: Recorder,
    private readonly scopes: Scopes,
    private readonly index: BlindIndex,
    private readonly clock: Clock,
  ) {}

  /** In every company the order names and the caller may erase in. @throws Problem 404 when nothing is known */
  async erase(caller: Caller, order: ErasureOrder, traceId: string): Promise<Erased[]> {
    const scopes = await this.scopes.of(caller, 'audit.erase', order);
    const companies = scopes.filter(({ branch }) => branch === undefined);
    const document = normaliseDocument(order.document);
    const erased = await this.recorder.recordAlone(async (client, append) => {
      const done: Erased[] = [];
      for (const of of companies) {
        const counts = await this.eraseIn(client, of, document);
        if (!counts) continue;
        const record = ownRecord({
          type: 'audit.subject.erased.v1',
          owner: of.owner,
          company: of.company,
          subject: 'person/erased',
          actor: caller.id,
          traceId,
          at: this.clock.now(),
          data: { reason: order.reason, ...counts },
          words: [searchWord('document', document)],
        });
        const { ids } = await append([record]);
        done.push({ owner: of.owner, company: of.company, ...counts, entryId: ids[0]! });
      }
      return done;
    });
    if (erased.length === 0) throw notFound('Nothing is recorded under this document where you may erase.');
    return erased;
  }

  private async eraseIn(client: PoolClient, of: Company, document: string) {
    const token = documentToken(this.index, of, document);
    const { rows: linked } = await client.query<{ token: Buffer }>(sql.SELECT_LINKED_CUSTOMERS, [token]);
    const tokens = [token, ...linked.map((customer) => customer.token)];
    const { rows: keys } = await client.query<{ id: string }>(sql.DELETE_PERSON_KEYS, [tokens]);
    if (keys.length === 0) return undefined;
    const { rowCount } = await client.query(sql.DELETE_TOKENS, [keys.map(({ id }) => id)]);
    await client.query(sql.DELETE_LINKS, [token]);
    return { keys: keys.length, searchTokens: rowCount ?? 0 };
  }
}
