import { randomBytes } from 'node:crypto';
import { eventually } from './eventually.js';
import { askManagement } from './management-api.js';
import { testName, testRun } from './test-run.js';
import { findTestStack } from './test-stack.js';

export type PrivateVhost = {
  /** As the user the apps have, who may do everything inside this vhost. */
  amqpUrl: string;
  /** The management API as the same user: sees and sets policies of this vhost, no other. */
  managementUrl: string;
  vhost: string;
  /** Queues, messages and open connections go with it. */
  drop(): Promise<void>;
};

/** A vhost of the calling test file's own: its exchanges and queues meet nobody else's. */
export async function privateVhost(): Promise<PrivateVhost> {
  const { amqpUrl, adminManagementUrl } = findTestStack();
  const vhost = testName(testRun(), randomBytes(6).toString('hex'));
  const everything = { configure: '.*', write: '.*', read: '.*' };
  const made = () => askManagement('PUT', adminManagementUrl, `/vhosts/${vhost}`, {});
  // A cluster that has just joined may not have it on every node in time (HTTP 500); asked again, it finds it there.
  await eventually(made, { withinMs: 30_000, everyMs: 500 });
  const users = new Set([new URL(amqpUrl).username, new URL(adminManagementUrl).username]);
  for (const user of users) await askManagement('PUT', adminManagementUrl, `/permissions/${vhost}/${user}`, everything);
  return {
    amqpUrl: Object.assign(new URL(amqpUrl), { pathname: `/${vhost}` }).href,
    managementUrl: asAppUser(adminManagementUrl, amqpUrl),
    vhost,
    drop: () => askManagement('DELETE', adminManagementUrl, `/vhosts/${vhost}`).then(() => undefined),
  };
}

function asAppUser(managementUrl: string, amqpUrl: string): string {
  const { username, password } = new URL(amqpUrl);
  return Object.assign(new URL(managementUrl), { username, password }).href.replace(/\/$/, '');
}
