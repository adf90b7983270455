import { appUser, appVhost } from './broker.ts';
import { roleUrl, testRole } from './databases.ts';
import { adminRole } from './postgres.ts';
import { secret, type StackAddresses, type StackState } from './state.ts';

/** Of the private servers, or of those that DATABASE_URL and AMQP_URL give. */
export function addressesOf(state: StackState): StackAddresses {
  const { ports } = state;
  const admin = `admin:${secret(state, 'broker.admin')}`;
  const app = `${appUser}:${secret(state, 'broker.app')}`;
  const given = givenBroker();
  const ours = {
    amqpUrl: `amqp://${app}@127.0.0.1:${ports.amqp}/${appVhost}`,
    managementUrl: `http://${app}@127.0.0.1:${ports.management}`,
    adminManagementUrl: `http://${admin}@127.0.0.1:${ports.management}`,
    prometheusUrl: `http://127.0.0.1:${ports.prometheus}/metrics`,
  };
  const password = secret(state, 'database.admin');
  const adminDatabaseUrl =
    process.env.DATABASE_URL || `postgresql://${adminRole}:${password}@127.0.0.1:${ports.postgres}/postgres`;
  return {
    adminDatabaseUrl,
    testDatabaseUrl: roleUrl(adminDatabaseUrl, state, testRole, 'postgres'),
    ...(given ?? ours),
  };
}

/** A broker of the caller's: its vhost and user are taken as they are. */
function givenBroker(): Omit<StackAddresses, 'adminDatabaseUrl' | 'testDatabaseUrl'> | undefined {
  const amqpUrl = process.env.AMQP_URL;
  if (!amqpUrl) return undefined;
  const { hostname, username, password } = new URL(amqpUrl);
  const managementUrl = process.env.AMQP_MANAGEMENT_URL || `http://${username}:${password}@${hostname}:15672`;
  return { amqpUrl, managementUrl, adminManagementUrl: managementUrl, prometheusUrl: undefined };
}
