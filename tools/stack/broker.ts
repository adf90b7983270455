import { secret, type StackState } from './state.ts';

/** The apps' vhost and user. The user writes policies and reads queues of its vhost (tag policymaker), nothing else. */
export const appVhost = 'ponte';
export const appUser = 'ponte';

/** Idempotent: run at every `up`. `adminUrl` is the management API with a user who may create vhosts and users. */
export async function prepareBroker(adminUrl: string, state: StackState): Promise<void> {
  const everything = { configure: '.*', write: '.*', read: '.*' };
  const admin = new URL(adminUrl).username;
  await put(adminUrl, `/api/vhosts/${appVhost}`, {});
  await put(adminUrl, `/api/users/${appUser}`, {
    password: secret(state, 'broker.app'),
    tags: 'policymaker,management',
  });
  for (const user of [admin, appUser]) await put(adminUrl, `/api/permissions/${appVhost}/${user}`, everything);
}

export async function put(adminUrl: string, path: string, body: object): Promise<void> {
  const { origin, username, password } = new URL(adminUrl);
  const authorization = `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`;
  const headers = { authorization, 'content-type': 'application/json' };
  const answer = await fetch(`${origin}${path}`, { method: 'PUT', headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`RabbitMQ refused PUT ${path}: HTTP ${answer.status} ${await answer.text()}`);
}
