import type { MigrationInterface, QueryRunner } from 'typeorm';
import { BALANCED } from './balance.sql.js';

/** What the audit tells each hour of what it carried, and what it is asked about it. */
export class Balance1782910000000 implements MigrationInterface {
  readonly name = 'Balance1782910000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table balance, balance_hour, balance_ask');
    await runner.query('drop index entry_by_hour');
  }
}

const STATEMENTS = [
  `create index entry_by_hour on entry (owner, company, type, time, event_id) where ${BALANCED}`,

  /** Where the round stands. What was recorded before the first one is not told. */
  `create table balance (
    id            smallint primary key default 1 check (id = 1),
    summed_up_to  bigint not null,
    round         uuid,
    marker_id     uuid,
    marked_at     timestamptz,
    up_to         timestamptz,
    told_up_to    timestamptz,
    told_at       timestamptz,
    leased_until  timestamptz,
    created_at    timestamptz not null default now()
  )`,
  'insert into balance (summed_up_to) select coalesce(max(id), 0) from entry',

  /** An hour of event times of one type: due while something of it was recorded after it was told last. */
  `create table balance_hour (
    owner        text not null,
    company      text not null,
    type         text not null,
    hour         timestamptz not null,
    changes      int not null default 1,
    told_changes int not null default 0,
    carried      int not null default 0,
    told_at      timestamptz,
    differed_by  text[] not null default '{}',
    primary key (owner, company, type, hour)
  )`,
  'create index balance_hour_due on balance_hour (hour) where changes > told_changes',
  'create index balance_hour_at on balance_hour (hour)',

  /** Questions of connectors, until they are answered. */
  `create table balance_ask (
    id         uuid primary key,
    kind       text not null check (kind in ('list', 're-emit')),
    connector  text not null,
    company    text not null,
    data       jsonb not null,
    asked_at   timestamptz not null default now(),
    taken_at   timestamptz
  )`,
];
