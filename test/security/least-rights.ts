import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { findTestStack } from '#libs/testing';

/** What an app may do at the broker: regular expressions over names, as RabbitMQ has them. */
export interface BrokerRights {
  configure: string;
  write: string;
  read: string;
}

/** As docs/operations.md gives them. Nobody needs more, and who is taken over can do no more. */
export const BROKER_RIGHTS: Record<string, BrokerRights> = {
  'customerx-connector': rightsOf('customerx-connector'),
  audit: rightsOf('audit'),
  'erp-outbox-reader': {
    configure: '^(erp\\.events|ponte\\.events|erp-outbox-reader\\..*)$',
    write: '^(erp\\.events|erp-outbox-reader\\..*)$',
    read: '^(ponte\\.events|erp-outbox-reader\\..*)$',
  },
};

function rightsOf(app: string): BrokerRights {
  const own = `${app}\\.(events|dead)`;
  return {
    configure: `^(erp\\.events|ponte\\.events|ponte\\.dead|${own})$`,
    write: `^(ponte\\.events|ponte\\.dead|${own})$`,
    read: `^(erp\\.events|ponte\\.events|ponte\\.dead|${own})$`,
  };
}

interface Place {
  database: { url: string; adminUrl: string };
  vhost: { amqpUrl: string; managementUrl: string; vhost: string };
}

/** A login that owns one schema of a database of somebody else's, and a broker user with the rights above. */
export async function leastRights(app: string, schema: string, { database, vhost }: Place) {
  const name = `ponte_test_least_${randomBytes(4).toString('hex')}`;
  await ownSchema(database.adminUrl, schema, name);
  const { adminManagementUrl } = findTestStack();
  await put(adminManagementUrl, `users/${name}`, { password: name, tags: 'policymaker,management' });
  await put(adminManagementUrl, `permissions/${vhost.vhost}/${name}`, BROKER_RIGHTS[app]!);
  const as = (url: string) => Object.assign(new URL(url), { username: name, password: name }).href.replace(/\/$/, '');
  return {
    place: {
      DATABASE_URL: as(database.url),
      AMQP_URL: as(vhost.amqpUrl),
      AMQP_MANAGEMENT_URL: as(vhost.managementUrl),
    },
    /** After the database is gone, which the role owns something in. */
    drop: async () => {
      await ask(adminManagementUrl, 'DELETE', `users/${name}`);
      await query(findTestStack().adminDatabaseUrl, `drop role ${name}`);
    },
  };
}

async function ownSchema(adminUrl: string, schema: string, role: string): Promise<void> {
  const database = new URL(adminUrl).pathname.slice(1);
  await query(
    adminUrl,
    `create role ${role} login noinherit password '${role}';
     revoke all on database ${database} from public;
     grant connect on database ${database} to ${role};
     create schema ${schema} authorization ${role};`,
  );
}

async function query(url: string, text: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

const put = (url: string, path: string, body: object) => ask(url, 'PUT', path, body);

async function ask(url: string, method: string, path: string, body?: object): Promise<void> {
  const { origin, username, password } = new URL(url);
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const headers = { authorization, 'content-type': 'application/json' };
  const answer = await fetch(`${origin}/api/${path}`, { method, headers, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error(`RabbitMQ refused ${method} ${path}: HTTP ${answer.status} ${await answer.text()}`);
}
