import type { World } from '../../world/world.ts';

export const CONNECTOR_QUEUE = 'customerx-connector.events';
export const CONNECTOR_DEAD = 'customerx-connector.dead';

/** What a person with rights at the broker may do to a world's vhost, by the management API. */
export class BrokerDesk {
  private readonly origin: string;
  private readonly authorization: string;
  private readonly vhost: string;

  constructor(world: World) {
    const { AMQP_URL, AMQP_MANAGEMENT_URL } = world.settingsOf('customerx-connector');
    const { origin, username, password } = new URL(AMQP_MANAGEMENT_URL!);
    this.origin = origin;
    this.authorization = `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`;
    this.vhost = new URL(AMQP_URL!).pathname.slice(1);
  }

  /** Over the app's own policy of the queue, which stays as it is. */
  async limit(queue: string, limits: Record<string, unknown>): Promise<void> {
    const own = (await this.ask('GET', `/policies/${this.vhost}/${queue}`)) as { definition: Record<string, unknown> };
    await this.ask('PUT', `/policies/${this.vhost}/chaos-limit`, {
      pattern: `^${queue.replaceAll('.', '\\.')}$`,
      definition: { ...own.definition, ...limits },
      priority: 100,
      'apply-to': 'queues',
    });
  }

  async unlimit(): Promise<void> {
    await this.ask('DELETE', `/policies/${this.vhost}/chaos-limit`);
  }

  /** Every binding of the queue to the exchange. @returns how many */
  async unbind(exchange: string, queue: string): Promise<number> {
    const path = `/bindings/${this.vhost}/e/${exchange}/q/${queue}`;
    const bindings = (await this.ask('GET', path)) as { properties_key: string }[];
    for (const { properties_key } of bindings)
      await this.ask('DELETE', `${path}/${encodeURIComponent(properties_key)}`);
    return bindings.length;
  }

  async bindings(exchange: string, queue: string): Promise<number> {
    return ((await this.ask('GET', `/bindings/${this.vhost}/e/${exchange}/q/${queue}`)) as unknown[]).length;
  }

  async deleteExchange(exchange: string): Promise<void> {
    await this.ask('DELETE', `/exchanges/${this.vhost}/${exchange}`);
  }

  async purge(queue: string): Promise<void> {
    await this.ask('DELETE', `/queues/${this.vhost}/${queue}/contents`);
  }

  private async ask(method: string, path: string, body?: object): Promise<unknown> {
    const headers = { authorization: this.authorization, 'content-type': 'application/json' };
    const answer = await fetch(`${this.origin}/api${path}`, { method, headers, body: body && JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`RabbitMQ refused ${method} ${path}: HTTP ${answer.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }
}
