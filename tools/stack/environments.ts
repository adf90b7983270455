import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { accessSettings } from './access.ts';
import { erpInbox, erpOwner, erpReader, roleUrl } from './databases.ts';
import { secret, type StackAddresses, type StackState } from './state.ts';

type Settings = Record<string, string>;
type AppEnvironment = { app: string; httpPort: number; settings: (facts: Facts) => Settings };

type Facts = {
  addresses: StackAddresses;
  /** URL of that role in Ponte's database. */
  ponte: (role: string) => string;
  /** URL of that role in the ERP's database. */
  erp: (role: string) => string;
  /** `k1:` and 32 random bytes in base64, made once per stack: a ring of one key. */
  key: (name: string) => string;
  /** Who may call. */
  access: Settings;
};

/** The one table: what `nest start <app>` needs in `.env.<app>`. The ops port is the HTTP port plus 100. */
const environments: AppEnvironment[] = [
  {
    app: 'sandbox',
    httpPort: 4100,
    settings: ({ erp }) => ({ ERP_DATABASE_URL: erp(erpOwner) }),
  },
  {
    app: 'erp-outbox-reader',
    httpPort: 4101,
    settings: ({ addresses, ponte, erp, access }) => ({
      ...brokerSettings(addresses),
      ...access,
      DATABASE_URL: ponte('reader'),
      ERP_DATABASE_URL: erp(erpReader),
      ERP_SOURCE: '/erp/demo',
    }),
  },
  {
    app: 'customerx-connector',
    httpPort: 4102,
    settings: ({ addresses, ponte, access, key }) => ({
      ...brokerSettings(addresses),
      ...access,
      DATABASE_URL: ponte('customerx'),
      SETTINGS_KEYS: key('settings'),
    }),
  },
  {
    app: 'deps-connector',
    httpPort: 4106,
    settings: ({ addresses, ponte, access, key }) => ({
      ...brokerSettings(addresses),
      ...access,
      DATABASE_URL: ponte('deps'),
      SETTINGS_KEYS: key('settings'),
      PERSON_KEYS: key('person'),
    }),
  },
  {
    app: 'audit',
    httpPort: 4103,
    settings: ({ addresses, ponte, access, key }) => ({
      ...brokerSettings(addresses),
      ...access,
      DATABASE_URL: ponte('audit'),
      AUDIT_KEY: key('audit'),
      PERSON_KEYS: key('person'),
    }),
  },
  {
    app: 'erp-inbox-writer',
    httpPort: 4105,
    settings: ({ addresses, erp }) => ({
      ...brokerSettings(addresses),
      ERP_DATABASE_URL: erp(erpInbox),
      ERP_SOURCE: '/erp/demo',
      INBOX_TYPES:
        '*.credit-analysis.completed.#,*.credit-analysis.answered.#,*.credit-limit.#,*.delivery.refused.v1,*.delivery.parked.v1',
    }),
  },
];

/** Readable by their owner only: they carry passwords. Written anew at every `up`, since ports may have moved. */
export function writeEnvironments(projectFolder: string, addresses: StackAddresses, state: StackState): void {
  for (const { app, settings } of environmentsOf(addresses, state)) {
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
    const text = `# Written by \`npm run stack -- up\`; changes made here are lost.\n${lines.join('')}`;
    writeFileSync(join(projectFolder, `.env.${app}`), text, { mode: 0o600 });
  }
}

/** The same settings as values, for whoever starts the built apps itself. */
export function environmentsOf(addresses: StackAddresses, state: StackState): { app: string; settings: Settings }[] {
  const facts: Facts = {
    addresses,
    ponte: (role) => roleUrl(addresses.adminDatabaseUrl, state, role, 'ponte'),
    erp: (role) => roleUrl(addresses.adminDatabaseUrl, state, role, 'erp'),
    key: (name) => `k1:${secret(state, `key.${name}`, () => randomBytes(32).toString('base64'))}`,
    access: accessSettings(state),
  };
  return environments.map(({ app, httpPort, settings }) => ({
    app,
    settings: { HTTP_PORT: String(httpPort), OPS_PORT: String(httpPort + 100), ...settings(facts) },
  }));
}

function brokerSettings(addresses: StackAddresses): Settings {
  return { AMQP_URL: addresses.amqpUrl, AMQP_MANAGEMENT_URL: addresses.managementUrl };
}
