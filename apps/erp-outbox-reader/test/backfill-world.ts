import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import type { Channel } from 'amqplib';
import { outcomeType, sampleOf, writeEvent, type BackfillRequested, type HubEvent } from '#libs/contracts';
import type { RunningApp } from '#libs/runtime';
import { eventually, type ChildApp } from '#libs/testing';
import type { ShownBackfill } from '../src/backfill/backfills.controller.js';
import type { SkippedRow } from '../src/backfill/backfill.js';
import { ReaderWorld } from './reader-world.js';

const KIT = readFileSync(join(process.cwd(), 'libs', 'outbox', 'sql', 'ponte-export.v1.sql'), 'utf8');
const { movement: _, ...TITLE } = sampleOf('erp.receivable.snapshot.v1').data;

export type ToldEvent = Pick<HubEvent, 'id' | 'type' | 'subject' | 'time' | 'company' | 'branch' | 'sequence'> & {
  data: Record<string, unknown>;
};

type App = Pick<RunningApp, 'url'> | Pick<ChildApp, 'httpUrl'>;

/** The reader's world with an ERP that offers its titles to be walked through. */
export class BackfillWorld {
  private constructor(
    readonly reader: ReaderWorld,
    private readonly token: string,
  ) {}

  static async open(): Promise<BackfillWorld> {
    const reader = await ReaderWorld.open();
    await reader.erp.query(KIT);
    await reader.erp.query(
      `create table title (company text, id text, branch text, data jsonb, primary key (company, id));
       create view ponte_export.receivables as select company, id, branch, data from title`,
    );
    return new BackfillWorld(reader, await reader.token(['operator']));
  }

  get channel(): Channel {
    return this.reader.channel;
  }

  /** Titles `T00001` … of a company. */
  async fill(titles: number, company = '1'): Promise<void> {
    await this.reader.erp.query(
      `insert into title
       select $1, 'T' || lpad(n::text, 5, '0'), '3', $2::jsonb || jsonb_build_object('receivableId', 'T' || lpad(n::text, 5, '0'),
         'company', $1::text, 'branch', '3', 'sequence', 1)
       from generate_series(1, $3) n`,
      [company, TITLE, titles],
    );
  }

  async change(id: string, data: object): Promise<void> {
    await this.reader.erp.query('update title set data = data || $2 where id = $1', [id, data]);
  }

  /** Everything that is published, as it arrives. */
  async listen(queue = `q-${randomUUID()}`): Promise<ToldEvent[]> {
    await this.channel.assertExchange('erp.events', 'topic', { durable: true });
    await this.reader.bind(queue);
    const told: ToldEvent[] = [];
    await this.channel.consume(queue, (message) => message && told.push(JSON.parse(message.content.toString())), {
      noAck: true,
    });
    return told;
  }

  /** As a connector asks. */
  async request(wish: Partial<BackfillRequested> = {}): Promise<string> {
    const data: BackfillRequested = {
      backfillId: randomUUID(),
      aggregate: 'receivable',
      source: '/erp/test',
      company: '1',
      requestedBy: 'customerx-connector',
      ...wish,
    };
    const { content, properties, routingKey } = writeEvent({
      specversion: '1.0',
      id: randomUUID(),
      source: '/ponte/customerx',
      type: outcomeType('ponte', 'backfill.requested.v1'),
      subject: `backfill/${data.aggregate}`,
      time: new Date().toISOString(),
      company: data.company,
      data,
    });
    this.channel.publish('ponte.events', routingKey, content, { ...properties, mandatory: true });
    return data.backfillId;
  }

  async ask<T = ShownBackfill>(
    app: App,
    method: string,
    path: string,
    body?: object,
    token = this.token,
  ): Promise<{ status: number; body: T }> {
    const answer = await fetch(`${'url' in app ? app.url : app.httpUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: body && JSON.stringify(body),
    });
    return { status: answer.status, body: (await answer.json()) as T };
  }

  async start(app: App, wish: object = {}): Promise<ShownBackfill> {
    return (await this.ask(app, 'POST', '/backfills', { company: '1', aggregate: 'receivable', ...wish })).body;
  }

  async look(app: App, id: string): Promise<ShownBackfill & { skippedRows: SkippedRow[] }> {
    const { body, status } = await this.ask<ShownBackfill & { skippedRows: SkippedRow[] }>(
      app,
      'GET',
      `/backfills/${id}`,
    );
    if (status !== 200) throw new Error(`backfill ${id} answers ${status}`);
    return body;
  }

  ended(app: App, id: string, withinMs = 30_000): Promise<ShownBackfill & { skippedRows: SkippedRow[] }> {
    return eventually(
      async () => {
        const backfill = await this.look(app, id);
        if (['requested', 'running'].includes(backfill.state)) throw new Error(JSON.stringify(backfill));
        return backfill;
      },
      { withinMs },
    );
  }

  async clear(): Promise<void> {
    await this.reader.erp.query('truncate title');
    await this.reader.clear();
    await this.reader.own(`truncate reader.backfill cascade`);
  }

  close(): Promise<void> {
    return this.reader.close();
  }
}
