import { readFileSync } from 'node:fs';
import pg from 'pg';
import { privateDatabase, privateVhost } from '#libs/testing';
import { startChild } from './bench-child.ts';
import { Erp } from './erp.ts';
import { untilRecorded } from './until-recorded.ts';

const KIT = readFileSync(new URL('../../../libs/outbox/sql/erp-outbox.v1.sql', import.meta.url), 'utf8');

/** What each of the two stores beside the ERP's outbox. */
const TABLES = `
  create table inbox (event_id text primary key, type text not null, received_at timestamptz not null default now());
  create table delivery (
    id bigint generated always as identity primary key, event_id text not null unique, body jsonb not null,
    state text not null default 'pending', attempts int not null default 0, planned_at timestamptz not null default now());
  create table attempt (
    id bigint generated always as identity primary key, event_id text not null, outcome text not null,
    ended_at timestamptz not null default now());
  create table delivery_settled (
    id bigint generated always as identity primary key, event_id text not null, body jsonb not null,
    settled_at timestamptz not null default now());
  create table outcome (
    id bigint generated always as identity primary key, event_id text not null, payload jsonb not null,
    recorded_at timestamptz not null default now());`;
const RECORDED = 'select count(*)::int from outcome';

/**
 * Scripts on a database and a vhost of their own, fed by the same ERP as Ponte.
 * @returns titles per second from the first commit to the last outcome recorded
 */
export async function peerRound(
  scripts: readonly string[],
  { titles, partnerUrl, withinMs }: { titles: number; partnerUrl: string; withinMs: number },
): Promise<number> {
  const [database, vhost] = await Promise.all([privateDatabase(), privateVhost()]);
  const admin = new pg.Client({ connectionString: database.adminUrl });
  await admin.connect();
  for (const statement of [KIT, TABLES]) await admin.query(statement);
  await admin.end();
  const env = { DATABASE_URL: database.adminUrl, AMQP_URL: vhost.amqpUrl, PARTNER_URL: partnerUrl };
  const children = [];
  const erp = new Erp(database.adminUrl);
  try {
    for (const script of scripts) children.push(await startChild(script, env));
    const begunAt = await erp.openTitles(titles);
    const { recordedAt, recorded } = await untilRecorded(database.adminUrl, RECORDED, titles, withinMs);
    return (recorded * 1_000) / (recordedAt - begunAt);
  } finally {
    await erp.close();
    for (const child of children) await child.stop();
    await vhost.drop();
    await database.drop();
  }
}
