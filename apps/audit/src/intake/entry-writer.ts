import { Injectable } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { AuditEnvironment } from '../audit-environment.js';
import { BlindIndex } from '../keys/blind-index.js';
import { DataKeys, holderId, type KeyHolder } from '../keys/data-keys.js';
import { sealBytes } from '../keys/sealed-bytes.js';
import type { AuditRecord } from './audit-record.js';
import { digestOf, hashOf, type ClearColumns } from './digest.js';
import * as sql from './entries.sql.js';
import { packMessage } from './held-message.js';
import { customerToken, documentToken, keyHolderOf } from './key-holder.js';

/** A record that is about to become a row. */
interface Entry extends ClearColumns {
  record: AuditRecord;
  ciphertext: Buffer;
  digest: Buffer;
}

type Held = { record: AuditRecord; holder: KeyHolder };

/** Appends records. Every method is for a transaction in which the caller holds a writer's row. */
@Injectable()
export class EntryWriter {
  /** Companies that stand in the database for sure: only those of committed batches. */
  private readonly known = new Set<string>();

  constructor(
    private readonly dataKeys: DataKeys,
    private readonly index: BlindIndex,
    private readonly environment: AuditEnvironment,
  ) {}

  /** @returns ids of what was new, in the order given; what was recorded before changes nothing */
  async append(client: PoolClient, records: readonly AuditRecord[], receivedAt: Date): Promise<Appended> {
    const fresh = await this.withoutSeen(client, records);
    if (fresh.length === 0) return { records: [], ids: [], confirm: () => undefined };
    const companies = await this.insertCompanies(client, fresh);
    const held = fresh.map((record) => ({ record, holder: this.holderOf(record, receivedAt) }));
    const entries = await this.encrypt(client, held, receivedAt);
    await insertEntries(client, entries, receivedAt);
    await this.insertTokens(client, entries, receivedAt);
    await this.insertLinks(client, fresh);
    return {
      records: fresh,
      ids: entries.map(({ id }) => id),
      confirm: () => companies.forEach((company) => this.known.add(company)),
    };
  }

  /** Placed in the day's key order, so that two writers meeting on the same events cannot lock each other out. */
  private async withoutSeen(client: PoolClient, records: readonly AuditRecord[]): Promise<AuditRecord[]> {
    const prints = records.map(({ said }) => this.index.fingerprint(said));
    const keys = records.map(
      ({ day, source, eventId }, at) => `${day} ${source} ${eventId} ${prints[at]!.toString('base64')}`,
    );
    const first = new Map(keys.map((key, at) => [key, at]).reverse() as [string, number][]);
    const places = [...first.values()].sort((one, other) => one - other);
    const { rows } = await client.query<{ place: number }>(sql.INSERT_SEEN, [
      places.map((at) => records[at]!.day),
      places.map((at) => records[at]!.source),
      places.map((at) => records[at]!.eventId),
      places.map((at) => prints[at]),
    ]);
    return rows
      .map(({ place }) => place)
      .sort((one, other) => one - other)
      .map((place) => records[places[place - 1]!]!);
  }

  private async insertCompanies(client: PoolClient, records: readonly AuditRecord[]): Promise<string[]> {
    const heard = new Map(records.map(({ owner, company }) => [`${owner}|${company}`, { owner, company }]));
    const unknown = [...heard].filter(([name]) => !this.known.has(name));
    if (unknown.length > 0) {
      await client.query(sql.INSERT_COMPANIES, [
        unknown.map(([, { owner }]) => owner),
        unknown.map(([, { company }]) => company),
      ]);
    }
    return unknown.map(([name]) => name);
  }

  private holderOf(record: AuditRecord, receivedAt: Date): KeyHolder {
    return keyHolderOf(record, this.index, receivedAt, this.environment.UNREADABLE_KEPT_DAYS);
  }

  private async encrypt(client: PoolClient, held: readonly Held[], receivedAt: Date): Promise<Entry[]> {
    const keys = await this.dataKeys.keysOf(
      client,
      held.map(({ holder }) => holder),
    );
    const { rows: ids } = await client.query<{ id: string }>(sql.NEXT_IDS, [held.length]);
    return held.map(({ record, holder }, at) => {
      const { id: keyId, key } = keys.get(holderId(holder))!;
      const id = ids[at]!.id;
      const ciphertext = sealBytes(key, packMessage(record.message), `entry ${id}`);
      const columns = { ...clearColumns(record), id, receivedAt, keyId };
      return { ...columns, record, ciphertext, digest: digestOf(columns, hashOf(ciphertext)) };
    });
  }

  private async insertTokens(client: PoolClient, entries: readonly Entry[], receivedAt: Date): Promise<void> {
    const words = entries.flatMap(({ id, keyId, record }) =>
      record.words.map(({ kind, value }) => ({ id, keyId, token: this.index.token(record, kind, value) })),
    );
    if (words.length === 0) return;
    await client.query(sql.INSERT_TOKENS, [
      Buffer.concat(words.map(({ token }) => token)),
      receivedAt,
      words.map(({ id }) => id),
      words.map(({ keyId }) => keyId),
    ]);
  }

  private async insertLinks(client: PoolClient, records: readonly AuditRecord[]): Promise<void> {
    const links = new Map<string, [Buffer, Buffer]>();
    for (const record of records) {
      const { document, customerId } = record.person ?? {};
      if (document === undefined || customerId === undefined) continue;
      const link = [
        documentToken(this.index, record, document),
        customerToken(this.index, record, customerId),
      ] as const;
      links.set(Buffer.concat(link).toString('base64'), [...link]);
    }
    if (links.size === 0) return;
    const pairs = [...links.values()];
    await client.query(sql.INSERT_LINKS, [pairs.map(([document]) => document), pairs.map(([, customer]) => customer)]);
  }
}

/** What an append did; `confirm` is called once its transaction is committed. */
export interface Appended {
  records: AuditRecord[];
  ids: string[];
  confirm: () => void;
}

function clearColumns(record: AuditRecord): Omit<ClearColumns, 'id' | 'receivedAt' | 'keyId'> {
  const { source, owner, company, branch, eventId, causeId, day, type, time, actor, traceId, sequence, reading } =
    record;
  return {
    source,
    owner,
    company,
    branch: branch ?? null,
    eventId,
    causeId: causeId ?? null,
    day,
    type,
    time: time ?? null,
    actor: actor ?? null,
    traceId: traceId ?? null,
    sequence: sequence ?? null,
    reading,
  };
}

/** The ciphertexts travel as one binary parameter and are cut apart by the server: as an array they would be hex. */
async function insertEntries(client: PoolClient, entries: readonly Entry[], receivedAt: Date): Promise<void> {
  const column = <K extends keyof Entry>(name: K) => entries.map((entry) => entry[name]);
  let end = 1;
  const starts = entries.map(({ ciphertext }) => (end += ciphertext.length) - ciphertext.length);
  await client.query(sql.INSERT_ENTRIES, [
    column('id'),
    receivedAt,
    ...(['source', 'owner', 'company', 'branch', 'eventId', 'causeId', 'day', 'type'] as const).map(column),
    entries.map(({ time }) => time?.toISOString() ?? null),
    ...(['actor', 'traceId', 'sequence', 'reading'] as const).map(column),
    Buffer.concat(column('ciphertext')),
    column('keyId'),
    starts,
    entries.map(({ ciphertext }) => ciphertext.length),
    column('digest'),
  ]);
}
