import type { Pool } from 'pg';
import type { Clock } from '#libs/runtime';
import type { DueEndpoint } from './claim.js';
import { DUE_ENDPOINTS } from './lanes.sql.js';

interface DueRow {
  endpoint_id: string;
  integration_id: string;
  owner_key: string;
  priority: number;
  paused: boolean;
  /** Nothing but its spent budget stops it: what became of its calls may be asked. */
  spent: boolean;
  probe_due: boolean;
}

/** An endpoint that may be claimed now; `probe` when only to see whether its breaker may close. */
export interface CallableEndpoint extends DueEndpoint {
  probe: boolean;
}

/** The scan may take this share of the time; a slow one is made less often, once a second at the least. */
const SCAN_SHARE = 0.1;
const GAP_MAX_MS = 1_000;

/** Endpoints with something due, and whose turn it is: between companies first, so that a noisy one delays no quiet one. */
export class DueEndpoints {
  private readonly servedAt = new Map<string, number>();
  private known: CallableEndpoint[] = [];
  private turn = 0;
  private nextLookAt = 0;
  /** Where somebody rings, looks may take half of the time. */
  private earliestLookAt = 0;

  constructor(
    private readonly pool: Pool,
    private readonly clock: Clock,
  ) {}

  /** Looks again, unless the last look is fresh enough for what it costs. */
  async refresh(): Promise<void> {
    const startedAt = this.clock.monotonicMs();
    if (startedAt < this.nextLookAt) return;
    const { rows } = await this.pool.query<DueRow>(DUE_ENDPOINTS);
    const endedAt = this.clock.monotonicMs();
    const took = endedAt - startedAt;
    this.earliestLookAt = endedAt + Math.min(took, GAP_MAX_MS);
    this.nextLookAt = endedAt + Math.min(took * (1 / SCAN_SHARE - 1), GAP_MAX_MS);
    this.known = gather(rows);
  }

  /** Something has just been planned or released: the next look is at the database, unless looks are dear. */
  expire(): void {
    this.nextLookAt = Math.min(this.nextLookAt, this.earliestLookAt);
  }

  /** One endpoint of each company, of companies and of endpoints the one served longest ago first. */
  oneOfEachCompany(): CallableEndpoint[] {
    const last = (key: string) => this.servedAt.get(key) ?? 0;
    const byTurn = this.known.toSorted(
      (one, other) => last(one.ownerKey) - last(other.ownerKey) || last(one.endpointId) - last(other.endpointId),
    );
    return [...Map.groupBy(byTurn, ({ ownerKey }) => ownerKey).values()].map(([first]) => first!);
  }

  /** Something was claimed of it: others come first next time. */
  served({ ownerKey, endpointId }: DueEndpoint): void {
    this.turn += 1;
    this.servedAt.set(ownerKey, this.turn);
    this.servedAt.set(endpointId, this.turn);
  }

  /** A lane of it has just been let go: there may be room for more of it, whatever the last look said. */
  mayHaveMore(endpoint: CallableEndpoint): void {
    const isKnown = this.known.some(({ endpointId }) => endpointId === endpoint.endpointId);
    if (!isKnown && !endpoint.probe) this.known.push(endpoint);
  }

  /** It gave less than was asked for: not asked again before the next look, or before a lane of it is let go. */
  exhausted({ endpointId }: DueEndpoint): void {
    this.known = this.known.filter((endpoint) => endpoint.endpointId !== endpointId);
  }
}

function gather(rows: readonly DueRow[]): CallableEndpoint[] {
  const found = new Map<string, CallableEndpoint>();
  for (const row of rows) {
    if (row.paused && !row.spent && !row.probe_due) continue;
    const { endpoint_id: endpointId, integration_id: integrationId, owner_key: ownerKey, priority } = row;
    const endpoint = found.get(endpointId);
    if (endpoint) endpoint.priorities.push(priority);
    else found.set(endpointId, { endpointId, integrationId, ownerKey, priorities: [priority], probe: row.probe_due });
  }
  return [...found.values()];
}
