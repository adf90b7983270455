import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { IsIn } from 'class-validator';
import { Client } from 'pg';
import { BrokerConnection, ERP_EVENTS, TopicServer } from '#libs/broker';
import {
  CONNECTOR_MIGRATIONS,
  Connector,
  ConnectorEnvironment,
  ConnectorModule,
  Deliver,
  PartnerSettings,
  Plan,
  plan,
  type Planned,
} from '#libs/connector-kit';
import { delivered, hourOf, type EventTypesMatching, type HubEvent, type Outcome } from '#libs/contracts';
import { migrate, openApp, readEnvironment, type RunningApp } from '#libs/runtime';
import { Setting } from '#libs/settings';
import { eventually, privateDatabase, privateVhost, type PrivateDatabase, type PrivateVhost } from '#libs/testing';
import { BalanceRounds } from '../apps/audit/src/balance/balance-rounds.js';
import {
  accessVariables,
  eventOf,
  everywhere,
  migratedAudit,
  openAudit,
  openPublisher,
  tokenOf,
  type AuditUnderTest,
} from '../apps/audit/test/audit-under-test.js';

const OPENED = 'erp.receivable.opened.v1';
const HOUR_MS = 3_600_000;
const SLOWLY = { withinMs: 60_000 };

class TillSettings extends PartnerSettings {
  /** `broken` makes its plans throw. */
  @IsIn(['good', 'broken'])
  @Setting({ label: { pt: 'Gaveta', en: 'Drawer' } })
  drawer: string = 'good';
}

/** A partner that takes everything, in this spec only. */
@Connector({ name: 'till', settings: TillSettings })
class TillConnector {
  @Plan('erp.receivable.*.v1')
  planTitle({ subject, data }: HubEvent<EventTypesMatching<'erp.receivable.*.v1'>>, { drawer }: TillSettings): Planned {
    if (drawer === 'broken') throw new Error('the drawer is stuck');
    return [plan('title.put', { lane: subject, body: { id: data.receivableId } })];
  }

  @Deliver('title.put')
  async putTitle(): Promise<Outcome> {
    return delivered();
  }
}

let vhost: PrivateVhost;
let databases: PrivateDatabase[];
let till: RunningApp;
let audit: AuditUnderTest;
let erp: Awaited<ReturnType<typeof openPublisher>>;
let ledger: Client;

beforeAll(async () => {
  const tillDatabase = { template: 'till', migrate: (url: string) => migrate(url, 'till', CONNECTOR_MIGRATIONS) };
  [vhost, ...databases] = await Promise.all([
    privateVhost(),
    privateDatabase(migratedAudit),
    privateDatabase(tillDatabase),
  ]);
  const [auditDatabase, database] = databases as [PrivateDatabase, PrivateDatabase];
  audit = await openAudit({ database: auditDatabase, vhost });
  till = await openTill(database);
  erp = await openPublisher(vhost.amqpUrl);
  ledger = new Client({ connectionString: database.adminUrl });
  await ledger.connect();
  await ledger.query('set search_path = till');
  await ledger.query(`update balance_pattern set begins_at = '-infinity'`);
});

afterAll(async () => {
  await ledger?.end();
  await erp?.close();
  await till?.close();
  await audit?.close();
  await Promise.all([vhost?.drop(), ...(databases ?? []).map((database) => database.drop())]);
});

class TillEnvironment extends ConnectorEnvironment {}

function openTill(database: PrivateDatabase): Promise<RunningApp> {
  const environment = readEnvironment(TillEnvironment, {
    NODE_ENV: 'test',
    LOG_LEVEL: 'silent',
    HTTP_PORT: '0',
    OPS_PORT: '0',
    DATABASE_URL: database.url,
    AMQP_URL: vhost.amqpUrl,
    AMQP_MANAGEMENT_URL: vhost.managementUrl,
    SETTINGS_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    ...accessVariables,
  });
  const options = {
    name: 'till-connector',
    environment: TillEnvironment,
    module: (given: TillEnvironment) => ConnectorModule.for(given, { connector: TillConnector }),
    microservice: (app: { get(type: typeof TopicServer): TopicServer }) => app.get(TopicServer),
  };
  return openApp(options, environment);
}

async function vendor(method: string, path: string, body?: object) {
  const headers = { authorization: `Bearer ${await tokenOf(everywhere)}`, 'content-type': 'application/json' };
  const response = await fetch(`${till.url}${path}`, { method, headers, body: body && JSON.stringify(body) });
  // oxlint-disable-next-line typescript/no-explicit-any
  return { status: response.status, body: (await response.json()) as any };
}

async function integrate(company: string, settings: object = {}): Promise<void> {
  const body = { source: '/erp/demo', company, displayName: company, enabled: true };
  const saved = await vendor('PUT', '/integrations', {
    ...body,
    settings: { baseUrl: 'https://till.example', ...settings },
  });
  expect(saved.status).toBe(200);
}

async function publish(company: string, ...titles: string[]): Promise<HubEvent[]> {
  const events = titles.map((title) =>
    eventOf(OPENED, (event) => {
      Object.assign(event, { company, subject: `receivable/${title}`, time: new Date().toISOString() });
      Object.assign(event.data, { company, receivableId: title });
    }),
  );
  for (const event of events) await erp.erp(event);
  return events;
}

const count = async (sql: string, values: unknown[] = []) => (await ledger.query(sql, values)).rows[0].count as number;

const settled = (company: string, deliveries: number) =>
  eventually(
    async () =>
      expect(
        await count(`select count(*)::int from delivery_settled where company = $1 and state = 'delivered'`, [company]),
      ).toBe(deliveries),
    SLOWLY,
  );

/** As at the end of the hour that runs: told by the audit, compared by the connector, its questions answered. */
async function balance(): Promise<void> {
  const before = (await ledger.query('select clock_timestamp()::text as now')).rows[0].now;
  const upTo = new Date(hourOf(new Date()).getTime() + HOUR_MS);
  const rounds = audit.app.get(BalanceRounds);
  await eventually(async () => expect(await rounds.begin(upTo)).toBe(true), SLOWLY);
  await eventually(async () => {
    // The audit begins a round of its own when it starts, and that one ends an hour earlier.
    const isChecked = `select count(*)::int from balance_round where checked_at > $1 and checked_up_to >= $2`;
    expect(await count(isChecked, [before, upTo])).toBe(1);
    expect(await count(`select count(*)::int from balance_hour where state = 'asked'`)).toBe(0);
  }, SLOWLY);
}

interface Shown {
  id: string;
  kind: string;
  company: string;
  type: string;
  ids: { id: string; position: string | null; eventId: string | null; refused: string | null }[];
}

async function differencesOf(company: string): Promise<Shown[]> {
  const { items } = (await vendor('GET', `/balance/differences?company=${company}`)).body;
  const withIds = items.map(async (one: Shown) => ({
    ...one,
    ids: (await vendor('GET', `/balance/differences/${one.id}/ids`)).body.items,
  }));
  return Promise.all(withIds);
}

const metric = async (name: string) =>
  Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(await (await fetch(`${till.opsUrl}/metrics`)).text())?.[1]);

/** The queue misses what is published meanwhile; the audit does not. */
async function withoutBinding(work: () => Promise<void>): Promise<void> {
  const connection = new BrokerConnection(vhost.amqpUrl, 'balance-spec');
  await connection.open();
  const channel = await connection.createChannel();
  const binding = ['till-connector.events', ERP_EVENTS, 'erp.receivable.#'] as const;
  await channel.unbindQueue(...binding);
  await work();
  await channel.bindQueue(...binding);
  await connection.close();
}

describe('the hourly balance', () => {
  it('says even of an hour in which nothing was lost, with the counts of everybody', async () => {
    await integrate('1');
    await publish('1', 'T1', 'T2', 'T3');
    await settled('1', 3);
    await balance();
    const { verdict, items } = (await vendor('GET', '/balance?company=1')).body;
    expect(verdict).toBe('even');
    expect(items).toMatchObject([
      { type: OPENED, carried: 3, takenIn: 3, planned: 3, delivered: 3, open: 0, parked: 0, differing: 0 },
      { type: 'till.delivery.delivered.v1', carried: 3, takenIn: 3, differing: 0 },
    ]);
    expect((await audit.get<{ items: object[] }>('/balance?source=/erp/demo&company=1')).body.items).toMatchObject([
      { type: OPENED, carried: 3, differedBy: [] },
      { type: 'till.delivery.delivered.v1', carried: 3, differedBy: [] },
    ]);
    expect(await metric('ponte_balance_age_seconds{app="till-connector"}')).toBeLessThan(60);
  });

  it('names what the queue missed while its binding was gone, and has it emitted again, once', async () => {
    let missed: HubEvent[] = [];
    await withoutBinding(async () => void (missed = await publish('1', 'T4', 'T5')));
    await publish('1', 'T6');
    await settled('1', 4);
    await balance();
    const [difference, ...more] = await differencesOf('1');
    expect(more).toEqual([]);
    expect(difference).toMatchObject({ kind: 'missing', type: OPENED });
    expect(difference!.ids.map(({ id }) => id)).toEqual(missed.map(({ id }) => id).toSorted());
    expect(await metric('ponte_balance_difference{kind="missing",app="till-connector"}')).toBe(2);
    expect((await vendor('GET', '/balance?company=1')).body).toMatchObject({ verdict: 'differs' });
    expect((await audit.get<{ items: object[] }>('/balance?source=/erp/demo&company=1')).body.items).toMatchObject([
      { type: OPENED, carried: 6, differedBy: ['till'] },
      {},
    ]);

    const asked = await vendor('POST', `/balance/differences/${difference!.id}/re-emit`, {
      reason: 'binding restored',
    });
    expect(asked).toMatchObject({ status: 202, body: { asked: 2 } });
    await settled('1', 6);
    await eventually(async () => expect(await differencesOf('1')).toEqual([]), SLOWLY);
    await balance();
    expect((await vendor('GET', '/balance?company=1')).body).toMatchObject({
      verdict: 'even',
      items: [
        { carried: 6, takenIn: 6, delivered: 6 },
        { carried: 6, takenIn: 6 },
      ],
    });
    expect(await count('select count(*)::int from parked_event')).toBe(0);
  });

  it('names a delivery whose outcome was lost on the way to the outbox', async () => {
    await ledger.query(`
      create function lose() returns trigger language plpgsql as 'begin return null; end';
      create trigger lose before insert on outbox for each row
        when (new.type = 'till.delivery.delivered.v1') execute function lose()`);
    const [event] = await publish('1', 'T7');
    await settled('1', 7);
    await ledger.query('drop trigger lose on outbox');
    await balance();
    const { rows } = await ledger.query('select position::text from delivery_settled where event_id = $1', [event!.id]);
    expect(await differencesOf('1')).toMatchObject([
      {
        kind: 'outcome-missing',
        type: 'till.delivery.delivered.v1',
        ids: [{ position: rows[0].position, eventId: event!.id }],
      },
    ]);
  });

  it('names a delivery that was planned and is in no table any more', async () => {
    await integrate('2', { periodicityMinutes: 1_440 });
    const [gone] = await publish('2', 'T1', 'T2');
    await eventually(async () => expect(await count('select count(*)::int from delivery')).toBe(2), SLOWLY);
    const { rows } = await ledger.query('delete from delivery where event_id = $1 returning position::text', [
      gone!.id,
    ]);
    await balance();
    expect(await differencesOf('2')).toMatchObject([
      { kind: 'delivery-missing', type: OPENED, ids: [{ position: rows[0].position, eventId: gone!.id }] },
    ]);
    expect((await vendor('GET', '/balance?company=2')).body.items).toMatchObject([{ carried: 2, takenIn: 2, open: 1 }]);
  });

  it('names an event whose parked row is gone', async () => {
    await integrate('3', { drawer: 'broken' });
    const [event] = await publish('3', 'T1');
    const parked = `select count(*)::int from parked_event where event_id = $1`;
    await eventually(async () => expect(await count(parked, [event!.id])).toBe(1), SLOWLY);
    await balance();
    expect(await differencesOf('3')).toEqual([]);
    await ledger.query('delete from parked_event where event_id = $1', [event!.id]);
    await balance();
    expect(await differencesOf('3')).toMatchObject([{ kind: 'unaccounted', type: OPENED, ids: [{ id: event!.id }] }]);
  });

  it('says of an erased person’s event that it cannot come again, and lets a person accept that', async () => {
    await integrate('4');
    let missed: HubEvent[] = [];
    await withoutBinding(async () => void (missed = await publish('4', 'T1')));
    const id = missed[0]!.id;
    await eventually(async () => expect(await audit.entriesOf(id)).toHaveLength(1), SLOWLY);
    const { document } = (missed[0]!.data as { customer: { document: string } }).customer;
    const order = { source: '/erp/demo', company: '4', document, reason: 'asked to be forgotten' };
    expect((await audit.post('/subjects/erase', order)).status).toBe(200);
    await balance();
    const [difference] = await differencesOf('4');
    expect(difference).toMatchObject({ kind: 'missing', ids: [{ id, refused: null }] });
    await vendor('POST', `/balance/differences/${difference!.id}/re-emit`, { reason: 'binding restored' });
    await eventually(async () => expect((await differencesOf('4'))[0]!.ids[0]!.refused).toBe('erased'), SLOWLY);
    await vendor('POST', `/balance/differences/${difference!.id}/accept`, { reason: 'the person was erased' });
    await balance();
    expect(await differencesOf('4')).toEqual([]);
    expect(await count('select count(*)::int from inbox where event_id = $1', [id])).toBe(0);
  });
});
