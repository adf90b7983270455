import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The record. `entry` is partitioned by the month it was received: ids rise with that, so the oldest month is the
 * beginning of every chain, and recent work touches one partition. Its uniqueness lives in `seen`, whose key begins
 * with the day of the event, so that only recent pages of it are warm. What may be searched lives in `search_token`,
 * outside the chain, and goes when the person's key goes.
 */
export class CreateAudit1782900000000 implements MigrationInterface {
  readonly name = 'CreateAudit1782900000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'drop table seal, sealing, search_token, seen, entry, index_key, subject_link, data_key, known_company, writer',
    );
    await runner.query('drop sequence entry_id');
  }
}

const STATEMENTS = [
  /** Who appends holds its row until it commits; a queue's new owner raises the epoch. */
  `create table writer (
    name      text primary key,
    epoch     bigint not null default 0,
    taken_at  timestamptz not null default now()
  )`,
  `insert into writer (name) values ('requests')`,

  /** Companies heard of: owner is the source of the ERP the company belongs to. */
  `create table known_company (
    owner          text not null,
    company        text not null,
    first_seen_at  timestamptz not null default now(),
    primary key (owner, company)
  )`,

  /** One key per data subject. A row that is gone makes its payloads unreadable for good. */
  `create table data_key (
    id          bigint generated always as identity primary key,
    kind        text not null check (kind in ('person', 'company', 'unreadable')),
    owner       text not null,
    company     text not null,
    token       bytea not null unique,
    master_key  text not null,
    wrapped     bytea not null,
    created_at  timestamptz not null default now(),
    expires_at  timestamptz
  )`,
  'create index data_key_by_master_key on data_key (master_key)',
  'create index data_key_expiring on data_key (expires_at) where expires_at is not null',

  /** Customer ids a document was seen with: what was recorded under the id goes with the document. */
  `create table subject_link (
    document_token  bytea not null,
    customer_token  bytea not null,
    primary key (document_token, customer_token)
  )`,

  /** The key of every blind index and fingerprint, wrapped. */
  `create table index_key (
    id          smallint primary key check (id = 1),
    master_key  text not null,
    wrapped     bytea not null
  )`,

  'create sequence entry_id',
  `create table entry (
    id           bigint not null,
    received_at  timestamptz not null,
    source       text not null,
    owner        text not null,
    company      text not null,
    branch       text,
    event_id     uuid not null,
    cause_id     uuid,
    day          date not null,
    type         text not null,
    time         timestamptz,
    actor        text,
    trace_id     text,
    sequence     bigint,
    reading      text not null check (reading in ('event', 'outcome', 'unknown-type', 'invalid', 'unreadable', 'own')),
    key_id       bigint not null,
    ciphertext   bytea not null,
    digest       bytea not null,
    primary key (id, received_at)
  ) partition by range (received_at)`,
  /** Ciphertext does not compress: no time is spent trying. */
  'alter table entry alter column ciphertext set storage external',
  'create index entry_by_company on entry (owner, company, id)',
  'create index entry_by_event on entry (event_id)',
  'create index entry_by_cause on entry (cause_id) where cause_id is not null',
  'create index entry_by_trace on entry (trace_id) where trace_id is not null',
  'create index entry_by_actor on entry (owner, company, actor, id) where actor is not null',

  `create table seen (
    day          date not null,
    source       text not null,
    event_id     uuid not null,
    fingerprint  bytea not null,
    primary key (day, source, event_id, fingerprint)
  )`,

  `create table search_token (
    token        bytea not null,
    entry_id     bigint not null,
    received_at  timestamptz not null,
    key_id       bigint not null,
    primary key (token, entry_id)
  )`,
  'create index search_token_by_key on search_token (key_id)',

  `create table sealing (
    id            smallint primary key check (id = 1),
    sealed_up_to  bigint not null
  )`,
  'insert into sealing values (1, 0)',
  `create table seal (
    owner          text not null,
    company        text not null,
    number         bigint not null,
    first_id       bigint not null,
    last_id        bigint not null,
    entries        integer not null,
    members        bytea not null,
    previous_hash  bytea not null,
    hash           bytea not null,
    sealed_at      timestamptz not null,
    primary key (owner, company, number)
  )`,

  /** Append only, for the app as well: what it never does it may not do. */
  'revoke update, delete, truncate on entry, seal from current_user',
];
