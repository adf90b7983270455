import type { StackAddresses } from './state.ts';

/** Where tests find a stack: what `findTestStack` of libs/testing reads. */
export function testEnvironment(addresses: StackAddresses): Record<string, string> {
  return {
    PONTE_TEST_DATABASE_URL: addresses.adminDatabaseUrl,
    PONTE_TEST_OWNER_URL: addresses.testDatabaseUrl,
    PONTE_TEST_AMQP_URL: addresses.amqpUrl,
    PONTE_TEST_MANAGEMENT_URL: addresses.adminManagementUrl,
  };
}
