import { SystemClock, type Clock } from '#libs/runtime';
import type { Agent } from 'undici';
import type { Resolve } from './address-guard.js';
import { Breaker, type BreakerOptions } from './breaker.js';
import { withDeadline } from './deadline.js';
import { exchange } from './exchange.js';
import { withRateLimit } from './limiter.js';
import { partnerAgent } from './partner-agent.js';
import { readContent, type PartnerAnswer } from './partner-answer.js';
import { prepareCall, type PartnerRequest } from './partner-request.js';
import { PartnerUnavailable, type UnavailableCode } from './partner-unavailable.js';
import { readRetryAfter } from './retry-after.js';
import { throughStages, type Call, type PartnerCall } from './stage.js';
import { tell } from './tell.js';

/** What the settings say of one endpoint. A change of any of it is a new endpoint: no restart. */
export interface PartnerEndpointOptions {
  /** For logs and metrics: no personal data, few different values. */
  name: string;
  /** `https://api.partner.example/v1`; request paths are put behind it. */
  baseUrl: string;
  deadlineMs: number;
  /** Sockets at once; calls beyond wait within their deadline. */
  connections: number;
  /** A longer answer is cut and counts as a failure of the partner. */
  maxBodyBytes: number;
  /** Absent or 0: unlimited. */
  requestsPerMinute?: number;
  /** PEM, trusted beside the public roots. */
  ca?: string;
  allowPlainHttp?: boolean;
  /** Lets the address lead into loopback, private and link-local networks. */
  allowPrivateAddresses?: boolean;
  breaker?: Partial<BreakerOptions>;
}

export interface ObservedCall {
  endpoint: string;
  /** The path template. */
  path: string;
  outcome: '2xx' | '3xx' | '4xx' | '5xx' | UnavailableCode;
  /** At the partner; for a call without an answer, all of it. */
  durationMs: number;
}

/** What an endpoint needs that is not a setting. */
export interface Surroundings {
  clock?: Clock;
  /** Called once per call. */
  observer?: (call: ObservedCall) => void;
  resolve?: Resolve;
}

/**
 * Everything between us and one account at one partner. Making one costs nothing: sockets and breaker come with the
 * first call.
 */
export class PartnerEndpoint {
  private readonly sensor: Breaker;
  private readonly clock: Clock;
  private readonly running = new Set<Promise<unknown>>();
  private line?: { call: Call; agent: Agent };
  private closed = false;
  private lastUsedMs: number;

  constructor(
    private readonly options: PartnerEndpointOptions,
    private readonly surroundings: Surroundings = {},
  ) {
    this.sensor = new Breaker(options.breaker);
    this.clock = surroundings.clock ?? new SystemClock();
    this.lastUsedMs = this.clock.monotonicMs();
  }

  /**
   * @returns what the partner answered, whatever the status: the connector reads it
   * @throws PartnerUnavailable when there is no answer; it says whether the request can have arrived
   * @throws TypeError when the request cannot be written down at all: our mistake
   */
  request(request: PartnerRequest): Promise<PartnerAnswer> {
    const call = this.observed(request);
    this.running.add(call);
    const over = () => this.running.delete(call);
    call.then(over, over);
    return call;
  }

  get breaker(): 'closed' | 'open' {
    return this.sensor.state;
  }

  /** Called when the breaker opens by itself. @returns how to stop listening */
  onOpen(listener: () => void): () => void {
    return this.sensor.onOpen(listener);
  }

  /** Another replica saw it fail, or a person paused it. Only probes pass. */
  forceOpen(): void {
    this.sensor.open();
  }

  forceClose(): void {
    this.sensor.close();
  }

  /** Milliseconds since the last call began or ended; 0 while one runs. */
  get idleMs(): number {
    return this.running.size > 0 ? 0 : this.clock.monotonicMs() - this.lastUsedMs;
  }

  /** Takes no further call, waits for those under way (at most their deadlines), closes the sockets. */
  async close(): Promise<void> {
    this.closed = true;
    await Promise.allSettled(this.running);
    this.sensor.forget();
    await this.line?.agent.destroy();
  }

  private async observed(request: PartnerRequest): Promise<PartnerAnswer> {
    const startedMs = (this.lastUsedMs = this.clock.monotonicMs());
    try {
      const answer = await this.send(request, startedMs);
      this.observe(request, statusClass(answer.status), answer.durationMs);
      return answer;
    } catch (error) {
      if (!(error instanceof PartnerUnavailable)) throw error;
      this.observe(request, error.code, this.clock.monotonicMs() - startedMs);
      throw Object.assign(error, { endpoint: this.options.name, method: request.method, path: request.path });
    } finally {
      this.lastUsedMs = this.clock.monotonicMs();
    }
  }

  private send(request: PartnerRequest, nowMs: number): Promise<PartnerAnswer> {
    if (this.closed) throw new PartnerUnavailable('closed', { sent: 'never' });
    const base = readBaseUrl(this.options);
    const call = prepareCall(request, base.pathname.replace(/\/$/, ''), this.options.deadlineMs, nowMs);
    this.line ??= this.openLine(base.origin);
    return this.line.call(call);
  }

  private openLine(origin: string): { call: Call; agent: Agent } {
    const { options, clock, surroundings } = this;
    const agent = partnerAgent({
      connections: options.connections,
      connectTimeoutMs: options.deadlineMs,
      ca: options.ca,
      allowPrivateAddresses: options.allowPrivateAddresses ?? false,
      resolve: surroundings.resolve,
    });
    const limiter = options.requestsPerMinute ? [withRateLimit(options.requestsPerMinute, clock)] : [];
    const stages = [...limiter, this.sensor.stage, withDeadline(clock)];
    return { agent, call: throughStages(stages, (call) => this.ask(agent, origin, call)) };
  }

  private async ask(agent: Agent, origin: string, call: PartnerCall): Promise<PartnerAnswer> {
    const startedMs = this.clock.monotonicMs();
    const raw = await exchange({ agent, origin, maxBodyBytes: this.options.maxBodyBytes, clock: this.clock }, call);
    const answeredAt = this.clock.now();
    return {
      status: raw.status,
      headers: raw.headers,
      ...readContent(raw, call.expects),
      retryAfter: readRetryAfter(raw.headers, answeredAt),
      answeredAt,
      durationMs: this.clock.monotonicMs() - startedMs,
    };
  }

  private observe(request: PartnerRequest, outcome: ObservedCall['outcome'], durationMs: number): void {
    tell(() => this.surroundings.observer?.({ endpoint: this.options.name, path: request.path, outcome, durationMs }));
  }
}

/** @throws PartnerUnavailable for an address the settings should not hold: a person has to correct them */
function readBaseUrl({ baseUrl, allowPlainHttp }: PartnerEndpointOptions): URL {
  const url = URL.parse(baseUrl);
  const known = url?.protocol === 'https:' || url?.protocol === 'http:';
  if (!url || !known || url.username || url.password || url.search || url.hash) {
    throw new PartnerUnavailable('address-invalid', { sent: 'never' });
  }
  if (url.protocol === 'http:' && !allowPlainHttp)
    throw new PartnerUnavailable('plain-http-refused', { sent: 'never' });
  return url;
}

function statusClass(status: number): '2xx' | '3xx' | '4xx' | '5xx' {
  return `${Math.min(Math.floor(status / 100), 5)}xx` as '2xx' | '3xx' | '4xx' | '5xx';
}
