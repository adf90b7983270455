import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { cpf } from 'cpf-cnpj-validator';
import { SignJWT } from 'jose';
import { Pool } from 'pg';
import { BrokerConnection, ConfirmPublisher, ERP_EVENTS, TopicServer } from '#libs/broker';
import { sampleOf, writeEvent, type HubEvent } from '#libs/contracts';
import { CONNECTOR_MIGRATIONS, ConnectorModule } from '#libs/connector-kit';
import { DeliveryEngine } from '#libs/delivery';
import { applyReceivables } from '#libs/receivables';
import { connectionSettings, inTransaction, migrate, openApp, readEnvironment, type RunningApp } from '#libs/runtime';
import { eventually, privateDatabase, privateVhost } from '#libs/testing';
import { CREDIT_MIGRATIONS, CreditEnvironment, creditParts, CreditResults } from '../src/index.js';
import { BureauConnector, MadeUpBureau } from './bureau-connector.js';
import { startBureau } from './bureau.js';
import { OUTCOMES_OF } from './outcomes.sql.js';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ISSUER = 'https://issuer.test';
export const SOURCE = '/erp/demo';

const migrations = [...CONNECTOR_MIGRATIONS, ...CREDIT_MIGRATIONS];
const DATABASE = {
  template: 'credit_bureau',
  migrate: (url: string) => migrate(url, 'bureau', migrations),
};

export class BureauEnvironment extends CreditEnvironment {}
export const PERSON_KEY = randomBytes(32);

export interface Answer {
  status: number;
  // oxlint-disable-next-line typescript/no-explicit-any
  body: any;
}

export type Ask = (method: string, path: string, body?: object) => Promise<Answer>;

/** Two replicas of a connector that sells analyses, on one database, and the bureau they buy from. */
export async function openCreditApps() {
  const [database, vhost, bureau] = await Promise.all([privateDatabase(DATABASE), privateVhost(), startBureau()]);
  const environment = readEnvironment(BureauEnvironment, {
    NODE_ENV: 'test',
    LOG_LEVEL: 'silent',
    HTTP_PORT: '0',
    OPS_PORT: '0',
    DATABASE_URL: database.url,
    AMQP_URL: vhost.amqpUrl,
    AMQP_MANAGEMENT_URL: vhost.managementUrl,
    ACCESS_ISSUER: ISSUER,
    ACCESS_AUDIENCE: 'ponte',
    ACCESS_JWKS: JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), alg: 'ES256' }] }),
    SETTINGS_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    PERSON_KEYS: `k1:${PERSON_KEY.toString('base64')}`,
  });
  const replicas = [await openReplica(environment), await openReplica(environment)];
  const pool = new Pool(connectionSettings({ url: database.url, schema: 'bureau', applicationName: 'credit-spec' }));
  const connection = new BrokerConnection(vhost.amqpUrl, 'credit-spec');
  const publisher = new ConfirmPublisher(connection);
  await connection.open();
  await publisher.open();
  const as = async (claims: object, replica = 0): Promise<Ask> => {
    const bearer = await tokenOf(claims);
    return (method, path, body) => ask(`${replicas[replica]!.url}${path}`, method, bearer, body);
  };
  return {
    bureau,
    pool,
    as,
    publish: async (event: HubEvent) => void (await publisher.publish({ exchange: ERP_EVENTS, ...writeEvent(event) })),
    results: replicas[0]!.app.get(CreditResults),
    withdraw: (position: string) =>
      replicas[0]!.app.get(DeliveryEngine).deliveries.withdraw(position, 'ana', 'deixada'),
    close: async () => {
      await publisher.close();
      await connection.close();
      for (const replica of replicas) await replica.close();
      await pool.end();
      await bureau.close();
      await Promise.all([database.drop(), vhost.drop()]);
    },
  };
}

export type CreditApps = Awaited<ReturnType<typeof openCreditApps>>;

/** A company of its own for one test: its integration, a customer, and what it was told. */
export async function openCompany(apps: CreditApps, settings: object = {}, branch?: string) {
  const company = await openUnreadCompany(apps, branch);
  const save = async (more: object, of: object = {}) => {
    const saved = await company.save(more, of);
    await company.beginWithoutBackfill(saved.body.id);
    return saved;
  };
  await save(settings);
  return { ...company, save };
}

/** Its titles were never read whole, and nobody said to begin without; saved with the least. */
export async function openUnreadCompany(apps: CreditApps, branch?: string) {
  const company = `c${randomBytes(4).toString('hex')}`;
  const own = { companies: [`${SOURCE}|${company}`] };
  const admin = await apps.as({ roles: ['vendor'], name: 'ana', ...own });
  const other = await apps.as({ roles: ['vendor'], name: 'bia', ...own }, 1);
  const document = cpf.generate();
  const customer = { id: `C-${company}`, document, name: 'Marina Souza' };
  const reachable = { baseUrl: apps.bureau.url, allowPlainHttp: true, allowPrivateAddresses: true, deadlineSeconds: 5 };
  const save = (more: object, of: object = {}) =>
    admin('PUT', '/integrations', {
      ...{ source: SOURCE, company, displayName: 'Bureau', enabled: true, branch, ...of },
      settings: { ...reachable, ...more },
    });
  const saved = await save({});
  const outcomes = async (type: string): Promise<Record<string, unknown>[]> =>
    (await apps.pool.query(OUTCOMES_OF, [company, type])).rows.map(({ payload }) => payload);
  const one = async (id: string) => (await admin('GET', `/credit-analyses/${id}`)).body;
  return {
    ...{ company, document, customer, admin, other, save, outcomes, one },
    beginWithoutBackfill: (id: string = saved.body.id) =>
      admin('POST', `/integrations/${id}/loads/begin-without-backfill`),
    /** The reader walks through the titles of its ERP, and finds none. */
    readWhole: async () => {
      const backfillId = randomUUID();
      await apps.publish(walkOf('ponte.backfill.started.v1', company, { backfillId }));
      await apps.publish(walkOf('ponte.backfill.finished.v1', company, { backfillId, rows: 0 }));
    },
    /** A press of the button. */
    press: (more: object = {}, by: Ask = admin) =>
      by('POST', '/credit-analyses', { source: SOURCE, company, branch, customer, ...more }),
    /** Asked for, and through. */
    buy: async (more: object = {}): Promise<string> => {
      const { body } = await admin('POST', '/credit-analyses', { source: SOURCE, company, branch, customer, ...more });
      await eventually(async () => {
        const { state } = await one(body.id);
        if (state !== 'completed') throw new Error(`it is ${state}`);
      });
      return body.id;
    },
    /** What the customer owes, as the read model has it. */
    owe: (title: string, more: object = {}) => owe(apps.pool, company, title, { document, ...more }),
    charges: () => apps.bureau.charges.filter((each) => each === document).length,
    arrived: () => apps.bureau.arrived.filter((each) => each.includes(document) || each.includes(company)),
  };
}

export type Company = Awaited<ReturnType<typeof openUnreadCompany>>;

function walkOf(type: 'ponte.backfill.started.v1' | 'ponte.backfill.finished.v1', company: string, data: object) {
  const sample = sampleOf(type) as HubEvent;
  const time = new Date().toISOString();
  const told = { ...sample.data, company, startedAt: time, ...data };
  return { ...sample, id: randomUUID(), time, company, branch: undefined, data: told } as HubEvent;
}

interface Owed {
  document: string;
  branch?: string;
  number?: string;
}

async function owe(pool: Pool, company: string, title: string, { document, branch = '1', number = '1' }: Owed) {
  const sample = sampleOf('erp.receivable.opened.v1');
  const customer = { ...sample.data.customer, document };
  const data = { ...sample.data, company, branch, receivableId: `${company}-${title}`, number, customer };
  const subject = `receivable/${data.receivableId}`;
  const event = { ...sample, id: randomUUID(), subject, company, branch, data };
  await inTransaction(pool, (client) => applyReceivables(client, [{ event, position: 1n }]));
  return data.receivableId;
}

function openReplica(environment: BureauEnvironment): Promise<RunningApp> {
  const connector = BureauConnector;
  return openApp(
    {
      name: 'bureau-connector',
      environment: BureauEnvironment,
      module: (given: BureauEnvironment) =>
        ConnectorModule.for(given, {
          connector,
          ...creditParts({ environment: given, connector, partner: MadeUpBureau }),
        }),
      microservice: (app: { get(type: typeof TopicServer): TopicServer }) => app.get(TopicServer),
    },
    environment,
  );
}

async function ask(url: string, method: string, bearer: string, body?: object): Promise<Answer> {
  const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' };
  const response = await fetch(url, { method, headers, body: body && JSON.stringify(body) });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
}

function tokenOf(claims: object): Promise<string> {
  return new SignJWT({ sub: 'somebody', ...claims })
    .setProtectedHeader({ alg: 'ES256' })
    .setIssuer(ISSUER)
    .setAudience('ponte')
    .setExpirationTime('30m')
    .sign(privateKey);
}
