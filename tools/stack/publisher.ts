import { appUser, put } from './broker.ts';

/** It writes events, and nothing else: it declares nothing, reads nothing, and sees no queue. */
const rights = { configure: '^$', write: '^erp\\.events$', read: '^$' };
/** On that exchange, its routing keys: what an ERP says. What Ponte says there itself begins otherwise. */
const topicRights = { exchange: 'erp.events', write: '^erp\\.', read: '^$' };

const nameShape = /^[a-z][a-z0-9-]{1,39}$/;
const taken = ['admin', 'guest', appUser];

export function requirePublisherName(name: string): void {
  if (nameShape.test(name) && !taken.includes(name)) return;
  throw new Error(`"${name}" is no name for a publisher: small letters, digits and hyphens, such as erp-acme.`);
}

/**
 * A broker user for an ERP that publishes its events itself. Idempotent; the password becomes the one given.
 * @param adminUrl the management API with a user who may create users
 */
export async function preparePublisher(
  adminUrl: string,
  { vhost, name, password }: { vhost: string; name: string; password: string },
): Promise<void> {
  requirePublisherName(name);
  await put(adminUrl, `/api/users/${name}`, { password, tags: '' });
  await put(adminUrl, `/api/permissions/${vhost}/${name}`, rights);
  await put(adminUrl, `/api/topic-permissions/${vhost}/${name}`, topicRights);
}
