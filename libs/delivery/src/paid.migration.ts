import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Calls that cost money or cannot be taken back: asked for once, written down before they are made, paid from a budget. */
export class PaidOperations1764140000000 implements MigrationInterface {
  name = 'PaidOperations1764140000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [OPERATION_KEYS, INTENTS, SPEND, EXEMPT, ACTIONS]) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('the ledger is not undone: drop the schema');
  }
}

/** Never purged: what was asked for once is known for ever, long after its delivery's partition has gone. */
const OPERATION_KEYS = `
  create table operation_key (
    integration_id bigint not null,
    operation      text not null,
    key            text not null,
    position       bigint not null,
    cost           numeric(18, 2) check (cost >= 0),
    asked_at       timestamptz not null default now(),
    primary key (integration_id, operation, key)
  );
  create unique index operation_key_of on operation_key (position)`;

/**
 * One row per call that was about to be made. \`open\`: it may be on its way; \`unknown\`: it has ended and nobody knows how;
 * \`lost\`: whoever made it was never heard of again. That a delivery has one such intent at the most is an index, and
 * with it the promise: at most one unverified request.
 */
const INTENTS = `
  create table intent (
    position        bigint not null,
    number          int not null,
    epoch           bigint not null,
    replica         text not null,
    integration_id  bigint not null,
    idempotency_key text not null,
    cost            numeric(18, 2),
    day             date,
    state           text not null default 'open' check (state in ('open', 'unknown', 'lost', 'confirmed', 'refused',
      'not-made', 'absent', 'denied', 'given-up')),
    unanswered      int not null default 0,
    started_at      timestamptz not null default clock_timestamp(),
    ended_at        timestamptz,
    primary key (position, number)
  );
  create unique index intent_unverified on intent (position) where state in ('open', 'unknown', 'lost')`;

/** What an integration has reserved in a local day (\`2026-11-22\`) and month (\`2026-11\`), and the cap it was last held to. */
const SPEND = `
  create table spend (
    integration_id bigint not null,
    period         text not null,
    reserved       numeric(18, 2) not null default 0 check (reserved >= 0),
    cap            numeric(18, 2),
    primary key (integration_id, period)
  )`;

const EXEMPT = `alter table endpoint add column exempt boolean not null default false`;

const ACTIONS = `
  alter table delivery_action drop constraint delivery_action_action_check,
    add constraint delivery_action_action_check
      check (action in ('retried', 'redriven', 'skipped', 'edited', 'confirmed', 'denied'))`;
