/** RabbitMQ's management API, as far as tests need it. `url` carries user and password. Throws on any refusal. */
export async function askManagement(method: string, url: string, path: string, body?: object): Promise<unknown> {
  const { origin, username, password } = new URL(url);
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const answer = await fetch(`${origin}/api${path}`, {
    method,
    headers: {
      authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
      'content-type': 'application/json',
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`RabbitMQ refused ${method} ${path}: HTTP ${answer.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}
