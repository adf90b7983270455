import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Every URL carries its user and password. */
export type TestStack = {
  /** A role that may create databases; names the database `postgres`. */
  adminDatabaseUrl: string;
  /** The ordinary role that owns the tests' databases, so that a missing right shows. */
  testDatabaseUrl: string;
  /** The user apps connect with; its vhost is replaced by each test's own. */
  amqpUrl: string;
  /** The management API as a user who may create vhosts. */
  adminManagementUrl: string;
};

type StackState = { addresses?: TestStack };

/** What the test runner gives in PONTE_TEST_*; otherwise the development stack of this folder. */
export function findTestStack(folder = process.cwd()): TestStack {
  const { PONTE_TEST_DATABASE_URL, PONTE_TEST_OWNER_URL, PONTE_TEST_AMQP_URL, PONTE_TEST_MANAGEMENT_URL } = process.env;
  if (PONTE_TEST_DATABASE_URL && PONTE_TEST_AMQP_URL && PONTE_TEST_MANAGEMENT_URL) {
    return {
      adminDatabaseUrl: PONTE_TEST_DATABASE_URL,
      testDatabaseUrl: PONTE_TEST_OWNER_URL || PONTE_TEST_DATABASE_URL,
      amqpUrl: PONTE_TEST_AMQP_URL,
      adminManagementUrl: PONTE_TEST_MANAGEMENT_URL,
    };
  }
  const file = join(folder, '.stack', 'state.json');
  const state = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as StackState) : undefined;
  if (state?.addresses !== undefined) return state.addresses;
  throw new Error(
    'There is no PostgreSQL and RabbitMQ to test with: run `npm run stack -- up`, or the tests by `npm test`.',
  );
}
