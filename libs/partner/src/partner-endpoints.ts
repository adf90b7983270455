import { SystemClock, type Clock } from '#libs/runtime';
import { PartnerEndpoint, type PartnerEndpointOptions, type Surroundings } from './partner-endpoint.js';

export interface PartnerEndpointsOptions extends Surroundings {
  /** After so long without a call an endpoint's sockets and counters are given back. */
  idleMs?: number;
}

interface Kept {
  version: string | number;
  endpoint: PartnerEndpoint;
}

const FIVE_MINUTES_MS = 300_000;

/**
 * The endpoints in use: of ten thousand integrations the few that are busy.
 *
 * An endpoint that went idle, or whose settings changed, comes back new and with a closed breaker. Whoever keeps the
 * pauses tells it again (`forceOpen`); nothing here remembers them.
 */
export class PartnerEndpoints {
  private readonly kept = new Map<string, Kept>();
  private readonly closing = new Set<Promise<void>>();
  private readonly clock: Clock;
  private readonly idleMs: number;
  private readonly stopped = new AbortController();
  private sweeping = false;

  constructor(private readonly options: PartnerEndpointsOptions = {}) {
    this.clock = options.clock ?? new SystemClock();
    this.idleMs = options.idleMs ?? FIVE_MINUTES_MS;
  }

  /**
   * @param id one account at one partner
   * @param version of its settings: another one closes the endpoint made from the last, once its calls have ended
   * @param read the settings, asked for only when an endpoint is made
   */
  get(id: string, version: string | number, read: () => PartnerEndpointOptions): PartnerEndpoint {
    const kept = this.kept.get(id);
    if (kept?.version === version) return kept.endpoint;
    const endpoint = new PartnerEndpoint(read(), this.options);
    if (kept) this.drop(id, kept);
    this.kept.set(id, { version, endpoint });
    void this.sweepWhileKept();
    return endpoint;
  }

  /** How many are kept, the idle ones not yet swept included. */
  get size(): number {
    return this.kept.size;
  }

  closeIdle(): void {
    for (const [id, kept] of this.kept) {
      if (kept.endpoint.idleMs >= this.idleMs) this.drop(id, kept);
    }
  }

  async close(): Promise<void> {
    this.stopped.abort();
    for (const [id, kept] of this.kept) this.drop(id, kept);
    await Promise.all(this.closing);
  }

  private drop(id: string, { endpoint }: Kept): void {
    this.kept.delete(id);
    const closed = endpoint.close().finally(() => this.closing.delete(closed));
    this.closing.add(closed);
  }

  private async sweepWhileKept(): Promise<void> {
    if (this.sweeping) return;
    this.sweeping = true;
    while (this.kept.size > 0 && !this.stopped.signal.aborted) {
      await this.clock.sleep(this.idleMs / 2, this.stopped.signal);
      this.closeIdle();
    }
    this.sweeping = false;
  }
}
