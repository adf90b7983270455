import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The tokens that partners gave for a login, shared by all replicas. */
export class LoginTokens1764160000000 implements MigrationInterface {
  name = 'LoginTokens1764160000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(TOKENS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table login_token');
  }
}

/**
 * One row per login of an integration: `scope` is a group, or a star where one login serves them all. `attempt` numbers
 * the logins that were begun, `generation` the tokens that were got; until `login_until` the last attempt is somebody's.
 * Texts of the partner are kept as JSON in `text`, which takes what `jsonb` refuses.
 */
const TOKENS = `
  create table login_token (
    integration_id   bigint not null references integration on delete cascade,
    scope            text not null,
    settings_version integer not null,
    attempt          integer not null,
    login_until      timestamptz not null,
    generation       integer not null default 0,
    token            text,
    renew_at         timestamptz,
    expires_at       timestamptz,
    note             text,
    refusal          text,
    refused_at       timestamptz,
    primary key (integration_id, scope)
  )`;
