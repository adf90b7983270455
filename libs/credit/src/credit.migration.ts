import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What was asked of a bureau and what it answered, what people decided by it, and who did what. */
export class CreditAnalyses1764180000000 implements MigrationInterface {
  name = 'CreditAnalyses1764180000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [ANALYSES, WISHES, DECISIONS, ACTIONS]) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('what was paid for is not undone: drop the schema');
  }
}

/**
 * The id is that of the wish, and the permanent key of the paid delivery. That one of a product is under way for a document
 * at the most is an index, and so is that an answer of the partner belongs to one analysis.
 */
const ANALYSES = `
  create table credit_analysis (
    number          bigint generated always as identity unique,
    id              uuid primary key,
    integration_id  bigint not null,
    source          text not null,
    company         text not null,
    branch          text,
    document        text not null,
    person_type     text not null check (person_type in ('F', 'J')),
    customer_id     text,
    customer_name   text,
    product         text not null,
    cost            numeric(18, 2) not null check (cost >= 0),
    request_id      text not null,
    requested_by    text not null,
    requested_at    timestamptz not null,
    replaces        uuid references credit_analysis,
    state           text not null default 'waiting' check (state in ('waiting', 'completed', 'answered', 'canceled')),
    reference       text,
    analyzed_at     timestamptz,
    link            text,
    score           text,
    situation       text,
    suggested_limit numeric(18, 2),
    answer_code     text,
    answer_text     text,
    raw             bytea,
    completed_at    timestamptz
  );
  create unique index credit_analysis_open on credit_analysis (source, company, document, product) where state = 'waiting';
  create index credit_analysis_listed on credit_analysis (source, company, document, number desc);
  create index credit_analysis_unpaid on credit_analysis (integration_id) where state = 'waiting';
  create unique index credit_analysis_reference on credit_analysis (integration_id, reference) where reference is not null`;

/** What each wish was answered: asked twice, it is answered the same. */
const WISHES = `
  create table credit_wish (
    id          uuid primary key,
    source      text not null,
    company     text not null,
    document    text not null,
    request_id  text not null,
    asked_by    text not null,
    asked_at    timestamptz not null,
    answer      text not null check (answer in ('waiting', 'recent', 'over-budget')),
    analysis_id uuid references credit_analysis,
    cost        numeric(18, 2),
    budget_left numeric(18, 2)
  );
  create index credit_wish_answered_by on credit_wish (analysis_id, asked_at) where answer = 'waiting'`;

/** The first one stands: the key is the analysis. */
const DECISIONS = `
  create table credit_decision (
    analysis_id     uuid primary key references credit_analysis,
    id              uuid not null unique,
    kind            text not null check (kind in ('confirmed', 'changed', 'canceled')),
    from_situation  text,
    from_limit      numeric(18, 2),
    to_situation    text,
    to_limit        numeric(18, 2),
    reason          text,
    decided_by      text not null,
    decided_at      timestamptz not null,
    acknowledged    text check (acknowledged in ('applied', 'refused')),
    acknowledged_at timestamptz,
    acknowledgement text
  )`;

const ACTIONS = `
  create table credit_action (
    id          bigint generated always as identity primary key,
    analysis_id uuid not null references credit_analysis,
    action      text not null check (action in ('asked', 'confirmed-new', 'completed', 'answered', 'canceled', 'decided',
      'left-for-later', 'applied', 'not-applied')),
    done_by     text not null,
    note        text,
    done_at     timestamptz not null
  );
  create index credit_action_of on credit_action (analysis_id, id)`;
