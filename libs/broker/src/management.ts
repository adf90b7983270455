import { vhostOf } from './connection.js';
import type { PolicyDefinition } from './topology.js';

export interface QueueReport {
  type: string;
  arguments: Record<string, unknown>;
  effective_policy_definition?: Record<string, unknown> | unknown[];
}

export interface ExchangeReport {
  type: string;
  durable: boolean;
  arguments: Record<string, unknown>;
  policy?: string;
}

export interface BindingReport {
  source: string;
  destination: string;
  destination_type: string;
  routing_key: string;
}

export interface PolicyReport {
  name: string;
  pattern: string;
  'apply-to': string;
  priority: number;
  definition: Record<string, unknown>;
}

/** The management API refused or could not be reached; `status` 0 when there was no answer. */
export class ManagementError extends Error {
  override readonly name = 'ManagementError';
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

const CALL_DEADLINE_MS = 5_000;

/** The few questions Ponte asks RabbitMQ's management API, for one vhost. */
export class BrokerManagement {
  readonly vhost: string;
  private readonly base: string;
  private readonly authorization: string;

  /**
   * @param url `http(s)://user:password@host:port` of the management API
   * @param amqpUrl names the vhost, as its path
   */
  constructor(url: string, amqpUrl: string) {
    const parsed = new URL(url);
    const user = `${decodeURIComponent(parsed.username)}:${decodeURIComponent(parsed.password)}`;
    this.authorization = `Basic ${Buffer.from(user).toString('base64')}`;
    this.vhost = vhostOf(amqpUrl);
    this.base = `${parsed.protocol}//${parsed.host}/api`;
  }

  queue(name: string): Promise<QueueReport | undefined> {
    return this.read(`queues/${this.at(name)}`);
  }

  exchange(name: string): Promise<ExchangeReport | undefined> {
    return this.read(`exchanges/${this.at(name)}`);
  }

  bindingsOfQueue(name: string): Promise<BindingReport[] | undefined> {
    return this.read(`queues/${this.at(name)}/bindings`);
  }

  /** Every policy of the vhost, or, of `kind` operator, every operator policy. */
  async policies(kind: 'policies' | 'operator-policies'): Promise<PolicyReport[]> {
    return (await this.read<PolicyReport[]>(`${kind}/${encodeURIComponent(this.vhost)}`)) ?? [];
  }

  policy(name: string): Promise<{ pattern: string; definition: Record<string, unknown> } | undefined> {
    return this.read(`policies/${this.at(name)}`);
  }

  async setPolicy(name: string, pattern: string, definition: PolicyDefinition): Promise<void> {
    const body = JSON.stringify({ pattern, definition, priority: 10, 'apply-to': 'queues' });
    await this.call('PUT', `policies/${this.at(name)}`, body);
  }

  private at(name: string): string {
    return `${encodeURIComponent(this.vhost)}/${encodeURIComponent(name)}`;
  }

  private async read<T>(path: string): Promise<T | undefined> {
    try {
      return (await (await this.call('GET', path)).json()) as T;
    } catch (error) {
      if (error instanceof ManagementError && error.status === 404) return undefined;
      throw error;
    }
  }

  private async call(method: string, path: string, body?: string): Promise<Response> {
    const headers = { authorization: this.authorization, 'content-type': 'application/json' };
    const signal = AbortSignal.timeout(CALL_DEADLINE_MS);
    let response: Response;
    try {
      response = await fetch(`${this.base}/${path}`, { method, headers, body, signal, redirect: 'error' });
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      throw new ManagementError(0, `the management API does not answer: ${(cause as Error).message}`);
    }
    if (response.ok) return response;
    await response.body?.cancel();
    throw new ManagementError(response.status, `the management API answered ${response.status} to ${method} ${path}`);
  }
}
