import { PrivateStack } from './stack.ts';
import type { StackAddresses } from './state.ts';

const usage = `npm run stack -- up                start PostgreSQL and RabbitMQ, or say that they run
npm run stack -- status            what runs, and where
npm run stack -- token <role> …    a token for the apps started with nest start, good for 12 hours
npm run stack -- publisher <name>  a broker user for an ERP that publishes its events itself
npm run stack -- down              stop both; data stays
npm run stack -- down --wipe       stop both and forget data, passwords and keys`;

const stack = new PrivateStack();

async function main(args: string[]): Promise<number> {
  if (args[0] === 'token') return token(args.slice(1));
  if (args[0] === 'publisher' && args.length === 2) return publisher(args[1]!);
  switch (args.join(' ')) {
    case 'up':
      return up();
    case 'status':
      return status();
    case 'down':
      await stack.down();
      console.log('The stack is down; its data stays in .stack.');
      return 0;
    case 'down --wipe':
      await stack.wipe();
      console.log('The stack is down and its data is gone.');
      return 0;
    default:
      console.error(usage);
      return 2;
  }
}

async function up(): Promise<number> {
  const before = await stack.status();
  const startedAt = Date.now();
  const addresses = await stack.up(console.log);
  const wasUp = before.postgres !== 'down' && before.rabbitmq !== 'down';
  console.log(
    wasUp ? 'The stack is up already.' : `The stack is up after ${((Date.now() - startedAt) / 1000).toFixed(1)} s.`,
  );
  printAddresses(addresses);
  return 0;
}

/** 0 when both run, 3 otherwise. */
async function status(): Promise<number> {
  const { postgres, rabbitmq, addresses } = await stack.status();
  console.log(`PostgreSQL  ${postgres}\nRabbitMQ    ${rabbitmq}`);
  const isUp = postgres !== 'down' && rabbitmq !== 'down';
  if (isUp && addresses !== undefined) printAddresses(addresses);
  return isUp ? 0 : 3;
}

async function token(roles: string[]): Promise<number> {
  console.log(await stack.token(roles.length > 0 ? roles : ['vendor', 'auditor']));
  return 0;
}

async function publisher(name: string): Promise<number> {
  console.log(`AMQP_URL=${await stack.publisher(name)}`);
  console.log(`It may write to erp.events, routing keys erp.*, and nothing else. Each connector must be told what it`);
  console.log(
    `publishes, for example DIRECT_PUBLISHERS=/erp/<instance>:erp.customer.*.v1=${name} (docs/erp-guide.md).`,
  );
  return 0;
}

/** Without passwords: those are in .stack/state.json and in the .env files. */
function printAddresses(addresses: StackAddresses): void {
  const shown = {
    PostgreSQL: addresses.adminDatabaseUrl,
    RabbitMQ: addresses.amqpUrl,
    'its management': addresses.managementUrl,
    'its metrics': addresses.prometheusUrl,
  };
  for (const [name, address] of Object.entries(shown)) {
    if (address === undefined) continue;
    const url = new URL(address);
    url.password = '';
    console.log(`  ${name.padEnd(15)} ${url.href}`);
  }
  console.log('  passwords       .stack/state.json and .env.<app>');
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
