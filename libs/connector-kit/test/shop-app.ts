import { generateKeyPairSync } from 'node:crypto';
import { SignJWT } from 'jose';
import { BrokerConnection, ConfirmPublisher, ERP_EVENTS, TopicServer } from '#libs/broker';
import { writeEvent, type HubEvent } from '#libs/contracts';
import { openApp, readEnvironment } from '#libs/runtime';
import { privateDatabase, privateVhost } from '#libs/testing';
import { ConnectorEnvironment, ConnectorModule } from '../src/index.js';
import type { ConnectorClass } from '../src/definition.js';
import { ShopConnector } from './shop-connector.js';
import { SETTINGS_KEYS, SHOP } from './shop-database.js';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ISSUER = 'https://issuer.test';

class ShopEnvironment extends ConnectorEnvironment {}

export interface Answer {
  status: number;
  // oxlint-disable-next-line typescript/no-explicit-any
  body: any;
}

/** The whole app of a shop connector, on a database and a vhost of its own. */
export async function openShopApp(connector: ConnectorClass = ShopConnector) {
  const [database, vhost] = await Promise.all([privateDatabase(SHOP), privateVhost()]);
  const environment = readEnvironment(ShopEnvironment, {
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
    SETTINGS_KEYS,
  });
  const options = {
    name: 'shop-connector',
    environment: ShopEnvironment,
    module: (given: ShopEnvironment) => ConnectorModule.for(given, { connector }),
    microservice: (app: { get(type: typeof TopicServer): TopicServer }) => app.get(TopicServer),
  };
  const running = await openApp(options, environment);
  const parameter = { source: '/erp/demo', enabled: true };
  await ask(`${running.url}/system-parameter`, 'PUT', await tokenOf('vendor', []), parameter);
  const connection = new BrokerConnection(vhost.amqpUrl, 'shop-spec');
  const publisher = new ConfirmPublisher(connection);
  await connection.open();
  await publisher.open();
  return {
    url: running.url,
    app: running.app,
    opsUrl: running.opsUrl,
    publish: async (event: HubEvent) => void (await publisher.publish({ exchange: ERP_EVENTS, ...writeEvent(event) })),
    as: async (role: string, ...companies: string[]) => {
      const bearer = await tokenOf(role, companies);
      return (method: string, path: string, body?: object) => ask(`${running.url}${path}`, method, bearer, body);
    },
    withClaims: async (claims: object) => {
      const bearer = await tokenWith(claims);
      return (method: string, path: string, body?: object) => ask(`${running.url}${path}`, method, bearer, body);
    },
    close: async () => {
      await publisher.close();
      await connection.close();
      await running.close();
      await Promise.all([database.drop(), vhost.drop()]);
    },
  };
}

export type ShopApp = Awaited<ReturnType<typeof openShopApp>>;
export type Ask = Awaited<ReturnType<ShopApp['as']>>;

async function ask(url: string, method: string, bearer: string, body?: object): Promise<Answer> {
  const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' };
  const response = await fetch(url, { method, headers, body: body && JSON.stringify(body) });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
}

function tokenOf(role: string, companies: string[]): Promise<string> {
  const everywhere = companies.length > 0 ? companies : ['*'];
  return tokenWith({ sub: role, name: `${role} da Silva`, roles: [role], companies: everywhere });
}

function tokenWith(claims: object): Promise<string> {
  return new SignJWT({ sub: 'somebody', ...claims })
    .setProtectedHeader({ alg: 'ES256' })
    .setIssuer(ISSUER)
    .setAudience('ponte')
    .setExpirationTime('10m')
    .sign(privateKey);
}
