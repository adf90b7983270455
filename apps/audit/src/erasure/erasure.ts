import { Injectable } from '@nestjs/common';
import type { PoolClient } from 'pg';
import type { Caller } from '#libs/access';
import { personTokenOf } from '#libs/contracts';
import { Clock, notFound, Problem } from '#libs/runtime';
import { readKeyRing } from '#libs/settings';
import { AuditEnvironment } from '../audit-environment.js';
import { normaliseDocument, searchWord } from '../intake/found-by.js';
import { documentToken, pseudonymToken } from '../intake/key-holder.js';
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
  /** Undefined: whom connectors name by a token cannot be found here. */
  private readonly personKeys?: readonly Buffer[];

  constructor(
    private readonly recorder: Recorder,
    private readonly scopes: Scopes,
    private readonly index: BlindIndex,
    private readonly clock: Clock,
    { PERSON_KEYS }: AuditEnvironment,
  ) {
    this.personKeys = PERSON_KEYS && [...readKeyRing(PERSON_KEYS).keys.values()];
  }

  /**
   * In every company the order names and the caller may erase in.
   * @throws Problem 404 when nothing is known; 409 `person-keys-missing` where nobody can say whether all was found
   */
  async erase(caller: Caller, order: ErasureOrder, traceId: string): Promise<Erased[]> {
    const scopes = await this.scopes.of(caller, 'audit.erase', order);
    const companies = scopes.filter(({ branch }) => branch === undefined);
    const document = normaliseDocument(order.document);
    const erased = await this.recorder.recordAlone(async (client, append) => {
      if (!this.personKeys) await requireNoPseudonyms(client, companies);
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
    const tokens = [token, ...linked.map((customer) => customer.token), ...this.pseudonymsOf(of, document)];
    const { rows: keys } = await client.query<{ id: string }>(sql.DELETE_PERSON_KEYS, [tokens]);
    if (keys.length === 0) return undefined;
    const { rowCount } = await client.query(sql.DELETE_TOKENS, [keys.map(({ id }) => id)]);
    await client.query(sql.DELETE_LINKS, [token]);
    return { keys: keys.length, searchTokens: rowCount ?? 0 };
  }

  /** Under each key of the ring: what was said before a key was changed is found too. */
  private pseudonymsOf(of: Company, document: string): Buffer[] {
    const owner = { source: of.owner, company: of.company };
    return (this.personKeys ?? []).map((key) => pseudonymToken(this.index, of, personTokenOf(key, owner, document)));
  }
}

async function requireNoPseudonyms(client: PoolClient, companies: readonly Company[]): Promise<void> {
  const values = [companies.map(({ owner }) => owner), companies.map(({ company }) => company)];
  const { rows } = await client.query<{ has: boolean }>(sql.HAS_PSEUDONYMS, values);
  if (!rows[0]!.has) return;
  const detail =
    'faltam as PERSON_KEYS dos conectores: quem ainda não é cliente não seria encontrado / PERSON_KEYS of the connectors is missing here: whoever is no customer yet would not be found';
  throw new Problem({ type: 'person-keys-missing', status: 409, detail });
}
