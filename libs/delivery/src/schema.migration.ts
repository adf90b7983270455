import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The ledger of one connector, in the connector's own schema.
 * Open deliveries live in one small table; settled ones move to monthly partitions.
 */
export class DeliveryLedger1763800000000 implements MigrationInterface {
  name = 'DeliveryLedger1763800000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [
      SEQUENCE,
      INTAKE,
      INBOX,
      PARKED,
      ENDPOINTS,
      LANES,
      DELIVERIES,
      SETTLED,
      ATTEMPTS,
      CADENCE,
      OUTBOX,
    ]) {
      await runner.query(statement);
    }
  }

  async down(): Promise<void> {
    throw new Error('the ledger is not undone: drop the schema');
  }
}

const SEQUENCE = `create sequence position as bigint cache 1`;

const INTAKE = `
  create table intake (
    queue text primary key,
    epoch bigint not null
  )`;

/** A unique key on a partitioned table must contain the partition column: hence the day, that of the event's \`time\`. */
const INBOX = `
  create table inbox (
    source      text not null,
    event_id    uuid not null,
    day         date not null,
    hash        bytea not null,
    company     text not null,
    type        text not null,
    subject     text not null,
    reason_code text,
    reason      text,
    received_at timestamptz not null default now(),
    primary key (event_id, source, day)
  ) partition by range (day)`;

const PARKED = `
  create table parked_event (
    id             bigint generated always as identity primary key,
    state          text not null check (state in ('parked', 'unknown-type', 'waiting', 'planned', 'skipped')),
    source         text,
    company        text,
    key            text,
    event_id       text,
    type           text,
    subject        text,
    integration_id bigint,
    holds          boolean not null,
    reason_code    text not null,
    reason         text not null,
    queue          text not null,
    hash           bytea not null,
    content        bytea not null,
    properties     jsonb not null,
    fixed_content  bytea,
    received_at    timestamptz not null default now(),
    resolved_at    timestamptz,
    resolved_by    text,
    resolution     text
  );
  create index parked_event_open on parked_event (source, company, key) where resolved_at is null;
  create unique index parked_event_once on parked_event (hash, coalesce(integration_id, 0)) where resolved_at is null and state <> 'waiting';
  create index parked_event_listed on parked_event (id) where resolved_at is null`;

const ENDPOINTS = `
  create table endpoint (
    id              bigint generated always as identity primary key,
    integration_id  bigint not null,
    operation_group text not null,
    owner_key       text not null,
    concurrency     int not null check (concurrency > 0),
    ramp_from       timestamptz,
    ramp_second     int not null default 0,
    ramp_used       int not null default 0,
    unique (integration_id, operation_group)
  );
  create table endpoint_pause (
    endpoint_id bigint not null references endpoint,
    reason      text not null check (reason in ('breaker', 'rate-limit', 'credential', 'spend-cap', 'maintenance', 'off', 'operator')),
    detail      text not null,
    set_by      text not null,
    since       timestamptz not null default now(),
    until       timestamptz,
    probe_at    timestamptz,
    probes      int not null default 0,
    primary key (endpoint_id, reason)
  );
  create index endpoint_pause_until on endpoint_pause (until) where until is not null`;

/** \`waits_for\` null: nothing is open on the lane. A leased lane comes back by itself at \`ready_at\`, its lease's end. */
const LANES = `
  create table lane (
    id             bigint generated always as identity primary key,
    integration_id bigint not null,
    key            text not null,
    endpoint_id    bigint,
    head           bigint,
    operation      text,
    priority       smallint not null default 0,
    waits_for      text check (waits_for in ('nothing', 'window', 'dependency', 'person')),
    ready_at       timestamptz,
    epoch          bigint not null default 0,
    lease_until    timestamptz,
    unique (integration_id, key)
  ) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000);
  create index lane_ready on lane (endpoint_id, priority, ready_at) where waits_for = 'nothing';
  create index lane_window on lane (integration_id, endpoint_id, head) where waits_for = 'window';
  create index lane_leased on lane (endpoint_id, lease_until) where lease_until is not null;
  create index lane_dependency on lane (id) where waits_for = 'dependency'`;

const DELIVERY_COLUMNS = `
    position       bigint not null,
    lane_id        bigint not null,
    integration_id bigint not null,
    endpoint_id    bigint not null,
    operation      text not null,
    kind           text not null check (kind in ('state', 'movement')),
    target         text,
    priority       smallint not null default 0,
    attempts       int not null default 0,
    tries          int not null default 0,
    reason         text,
    source         text not null,
    company        text not null,
    branch         text,
    event_id       uuid,
    event_type     text,
    subject        text not null,
    keys           jsonb,
    traceparent    text,
    body           jsonb not null,
    planned_at     timestamptz not null default now()`;

/** What waits for another lane names it and the highest position that must be settled there: two arrays of one length. */
const DELIVERIES = `
  create table delivery (
    ${DELIVERY_COLUMNS},
    state    text not null default 'pending' check (state in ('pending', 'parked', 'unknown')),
    retry_at timestamptz,
    after_lanes     bigint[],
    after_positions bigint[],
    primary key (position)
  ) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000);
  create index delivery_lane on delivery (lane_id, position);
  create index delivery_urgent on delivery (lane_id) where priority > 0;
  create index delivery_integration on delivery (integration_id, position);
  create index delivery_after on delivery using gin (after_lanes) where after_lanes is not null;
  create index delivery_parked on delivery (position) where state <> 'pending';
  create table delivery_edit (
    id          bigint generated always as identity primary key,
    position    bigint not null,
    edited_by   text not null,
    reason      text not null,
    body_before jsonb not null,
    edited_at   timestamptz not null default now()
  );
  create index on delivery_edit (position)`;

const SETTLED = `
  create table delivery_settled (
    ${DELIVERY_COLUMNS},
    state      text not null check (state in ('delivered', 'refused', 'skipped', 'superseded')),
    reference  text,
    settled_by text,
    settled_at timestamptz not null default now()
  ) partition by range (settled_at);
  create index on delivery_settled (position);
  create index on delivery_settled (integration_id, position);
  create index on delivery_settled (subject)`;

const ATTEMPTS = `
  create table attempt (
    position   bigint not null,
    number     int not null,
    epoch      bigint not null,
    counted    boolean not null,
    late       boolean not null default false,
    outcome    text not null,
    reason     text,
    exchange   jsonb,
    replica    text not null,
    started_at timestamptz not null,
    ended_at   timestamptz not null default now()
  ) partition by range (ended_at);
  create index on attempt (position)`;

const CADENCE = `
  create table cadence (
    integration_id     bigint primary key,
    every_seconds      int not null check (every_seconds > 0),
    zone               text not null,
    released_up_to     bigint not null default 0,
    run_up_to          bigint not null default 0,
    next_at            timestamptz not null,
    last_communication timestamptz
  );
  create index cadence_next on cadence (next_at);
  create table run (
    id             bigint generated always as identity primary key,
    integration_id bigint not null,
    kind           text not null check (kind in ('scheduled', 'manual')),
    window_local   text,
    zone           text not null,
    started_by     text not null,
    from_position  bigint not null,
    up_to          bigint not null,
    released_by    xid8 not null default pg_current_xact_id(),
    started_at     timestamptz not null default now(),
    finished_at    timestamptz,
    delivered      int,
    refused        int,
    skipped        int,
    superseded     int,
    parked         int,
    carried        int
  );
  create unique index run_once on run (integration_id, window_local, zone) where kind = 'scheduled';
  create unique index run_open on run (integration_id) where finished_at is null;
  create index run_listed on run (integration_id, id desc)`;

/** The connector's own outbox has the columns of the ERP's, so that one relay serves both. */
const OUTBOX = `
  create table outbox (
    position      bigint generated always as identity primary key,
    id            uuid not null default gen_random_uuid(),
    aggregatetype text not null,
    aggregateid   text not null,
    type          text not null,
    payload       jsonb not null,
    company       text not null,
    branch        text,
    sequence      bigint,
    occurred_at   timestamptz not null default now(),
    actor         text,
    partitionkey  text,
    traceparent   text,
    published_at  timestamptz,
    parked_reason text
  ) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000);
  create index outbox_open on outbox (position) where published_at is null and parked_reason is null;
  create index outbox_parked on outbox (position) where parked_reason is not null and published_at is null`;
