import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What people do with deliveries: retries, edits and redrives, each on record, and what they look for. */
export class OperatedDeliveries1764050000000 implements MigrationInterface {
  name = 'OperatedDeliveries1764050000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [...ROOM, ...FAILED_AT, ACTIONS, SEARCH, PARKED_BRANCH, REDRIVES]) {
      await runner.query(statement);
    }
  }

  async down(): Promise<void> {
    throw new Error('the ledger is not undone: drop the schema');
  }
}

/** Between two positions of a lane there is room for what people put in the first one's place. */
const ROOM = [
  `alter sequence position increment by 100 start with 100`,
  `select setval('position', (case when is_called then last_value / 100 + 1 else 1 end) * 100, false) from position`,
];

const FAILED_AT = [`alter table delivery add column failed_at timestamptz`];

const ACTIONS = `
  create table delivery_action (
    id          bigint generated always as identity primary key,
    position    bigint not null,
    action      text not null check (action in ('retried', 'redriven', 'skipped', 'edited')),
    done_by     text not null,
    reason      text,
    redrive_id  bigint,
    replaced_by bigint unique,
    done_at     timestamptz not null default now()
  );
  create index delivery_action_of on delivery_action (position);
  drop table delivery_edit`;

const SEARCH = `
  create index on delivery_settled (event_id);
  create index on delivery_settled (lane_id, position);
  create index on delivery_settled using gin (keys jsonb_path_ops)`;

const PARKED_BRANCH = `alter table parked_event add column branch text`;

/** One open redrive per delivery: that is an index, and not a check somebody might forget. */
const REDRIVES = `
  create table redrive (
    id           bigint generated always as identity primary key,
    filter       jsonb not null,
    reason       text not null,
    started_by   text not null,
    per_second   int not null check (per_second > 0),
    first_only   int check (first_only > 0),
    total        int not null,
    taken        int not null default 0,
    looked_up_to bigint not null default 0,
    counts       jsonb,
    started_at   timestamptz not null default now(),
    next_at      timestamptz not null default now(),
    canceled_at  timestamptz,
    canceled_by  text,
    finished_at  timestamptz
  );
  create index redrive_open on redrive (next_at) where finished_at is null;
  create table redrive_territory (
    redrive_id bigint not null references redrive,
    source     text not null,
    company    text not null,
    branch     text
  );
  create index redrive_territory_of on redrive_territory (redrive_id);
  create table redrive_item (
    redrive_id     bigint not null references redrive,
    position       bigint not null,
    state          text not null default 'waiting' check (state in ('waiting', 'released', 'delivered', 'refused', 'skipped',
      'superseded', 'parked-again', 'already-retried', 'already-settled', 'canceled')),
    integration_id bigint not null,
    operation      text not null,
    source         text not null,
    company        text not null,
    branch         text,
    subject        text not null,
    reason_before  text,
    reason         text,
    released_at    timestamptz,
    ended_at       timestamptz,
    primary key (redrive_id, position)
  );
  create unique index redrive_item_once on redrive_item (position) where state in ('waiting', 'released');
  create index redrive_item_waiting on redrive_item (redrive_id, position) where state = 'waiting';
  create index redrive_item_released on redrive_item (redrive_id, position) where state = 'released'`;
