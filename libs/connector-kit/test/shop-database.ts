import { randomBytes, randomUUID } from 'node:crypto';
import { Pool } from 'pg';
import { sampleOf, type EventTypesMatching, type HubEvent } from '#libs/contracts';
import { connectionSettings, inTransaction, migrate, Secret, SystemClock, type Clock } from '#libs/runtime';
import { IntegrationRegistry, readKeyRing, SecretBox, type Integration, type IntegrationInput } from '#libs/settings';
import { privateDatabase } from '#libs/testing';
import { CONNECTOR_MIGRATIONS, type PartnerSettings } from '../src/index.js';
import { LoginRows } from '../src/login-rows.js';
import { LoginTokens } from '../src/login-tokens.js';
import { SettingsBook } from '../src/settings-book.js';
import { ShopSettings } from './shop-connector.js';

export const SETTINGS_KEYS = `k1:${randomBytes(32).toString('base64')}`;
export const SHOP = {
  template: 'connector_kit_shop',
  migrate: (url: string) => migrate(url, 'shop', CONNECTOR_MIGRATIONS),
};
export const TOKEN = 'canary-token-4f81';

/** A connector's database with its registry, and a book per replica. */
export async function openShop(clock: Clock = new SystemClock()) {
  const database = await privateDatabase(SHOP);
  const pool = new Pool(connectionSettings({ url: database.url, schema: 'shop', applicationName: 'kit-spec' }));
  const box = new SecretBox(readKeyRing(new Secret(SETTINGS_KEYS)));
  const registry = new IntegrationRegistry<PartnerSettings>('shop', ShopSettings, box, clock);
  return {
    database,
    pool,
    registry,
    newBook: () => new SettingsBook(pool, registry, clock),
    newTokens: () => new LoginTokens(new LoginRows(pool, box), clock),
    /** Ready unless said otherwise. */
    save: (company: string, more: Partial<IntegrationInput> = {}): Promise<Integration<PartnerSettings>> => {
      const settings = { baseUrl: 'https://shop.example', token: TOKEN, ...more.settings };
      const input = { source: '/erp/demo', company, enabled: true, ...more, settings };
      const changer = { name: 'ana', mayChange: () => true };
      return inTransaction(pool, (client) => registry.save(client, input, changer)).then(({ after }) => after);
    },
    close: async () => {
      if (!pool.ended) await pool.end();
      await database.drop();
    },
  };
}

export type Shop = Awaited<ReturnType<typeof openShop>>;

type ReceivableType = EventTypesMatching<'erp.receivable.*.v1'>;

/** An event of a title, with an id and an instant of its own. */
export function eventOf<T extends ReceivableType>(
  type: T,
  {
    company = '1',
    branch,
    title = 'T1',
    sequence,
  }: { company?: string; branch?: string; title?: string; sequence?: number } = {},
): HubEvent<T> {
  const event = {
    ...sampleOf(type),
    id: randomUUID(),
    time: new Date().toISOString(),
    subject: `receivable/${title}`,
    company,
  };
  event.data = { ...event.data, company, receivableId: title, ...(sequence !== undefined && { sequence }) };
  if (sequence !== undefined) event.sequence = String(sequence);
  if (branch !== undefined) {
    event.branch = branch;
    event.data.branch = branch;
  }
  return event;
}
