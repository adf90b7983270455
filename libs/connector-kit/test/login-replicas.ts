import { randomUUID } from 'node:crypto';
import { Pool } from 'pg';
import { ConnectorCourier } from '../src/connector-courier.js';
import { definitionOf } from '../src/definition.js';
import type { PartnerSettings } from '../src/index.js';
import { LoginRows } from '../src/login-rows.js';
import { LoginTokens } from '../src/login-tokens.js';
import { SettingsBook } from '../src/settings-book.js';
import type { ClaimedDelivery, CourierAnswer } from '#libs/delivery';
import { PartnerEndpoints } from '#libs/partner';
import { connectionSettings, inTransaction, Secret, SystemClock } from '#libs/runtime';
import { IntegrationRegistry, readKeyRing, SecretBox, type Integration } from '#libs/settings';
import { privateDatabase } from '#libs/testing';
import { LoginConnector, LoginSettings, PASSWORD } from './login-partner.js';
import { SETTINGS_KEYS, SHOP } from './shop-database.js';

const definition = definitionOf(LoginConnector);
const clock = new SystemClock();

/** A database, and replicas of the connector upon it: each with a pool, a book and sockets of its own. */
export async function openReplicas(partnerUrl: string) {
  const database = await privateDatabase(SHOP);
  const opened: { close(): Promise<void> }[] = [];
  const first = openReplica();
  const reachable = { baseUrl: partnerUrl, allowPlainHttp: true, allowPrivateAddresses: true };

  function openReplica(keys: string = SETTINGS_KEYS) {
    const pool = new Pool(connectionSettings({ url: database.url, schema: 'shop', applicationName: 'kit-spec' }));
    const box = new SecretBox(readKeyRing(new Secret(keys)));
    const registry = new IntegrationRegistry<PartnerSettings>('shop', LoginSettings, box, clock);
    const book = new SettingsBook(pool, registry, clock);
    const partners = new PartnerEndpoints({ clock });
    const ignore = () => undefined;
    const courier = new ConnectorCourier({
      ...{ definition, connector: new LoginConnector(), book, partners, clock },
      tokens: new LoginTokens(new LoginRows(pool, box), clock),
      onBreakerOpen: ignore,
      onExhausted: ignore,
      onNotReady: async () => undefined,
    });
    const replica = {
      ...{ pool, registry, book, courier },
      deliver: ({ id }: { id: string }, more: Partial<ClaimedDelivery> = {}, deadlineMs = 20_000) => {
        const [position, body] = ['1', { id: randomUUID() }];
        const claimed = { integrationId: id, endpointId: 'e1', position, operation: 'title.put', body, ...more };
        return courier.deliver(claimed as ClaimedDelivery, { deadlineMs, probe: false });
      },
      close: async () => {
        await partners.close();
        await pool.end();
      },
    };
    opened.push(replica);
    return replica;
  }

  return {
    ...{ database, pool: first.pool, first, second: openReplica(), openReplica },
    save: (settings: Record<string, unknown> = {}): Promise<Integration<PartnerSettings>> => {
      const all = { ...reachable, password: PASSWORD, ...settings };
      const input = { source: '/erp/demo', company: '1', enabled: true, settings: all };
      const changer = { name: 'ana', mayChange: () => true };
      return inTransaction(first.pool, (client) => first.registry.save(client, input, changer)).then(
        ({ after }) => after,
      );
    },
    close: async () => {
      for (const replica of opened) await replica.close();
      await database.drop();
    },
  };
}

export type Replicas = Awaited<ReturnType<typeof openReplicas>>;

/** How they ended, by kind. */
export function kindsOf(answers: readonly CourierAnswer[]): Record<string, number> {
  const kinds = Map.groupBy(answers, ({ outcome }) => outcome.kind);
  return Object.fromEntries([...kinds].map(([kind, of]) => [kind, of.length]));
}
