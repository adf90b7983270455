import type { PauseReason } from './pause.js';

/**
 * What this process believes stops the endpoints it works on: read anew at least every 250 ms, its own changes at once.
 * A belief carries when it was formed (monotonic), so that neither an answer that was on its way nor a claim that looked
 * before is taken for newer than it is.
 */
export class PauseCopy {
  private readonly believed = new Map<string, Map<PauseReason, number>>();
  private readonly watched = new Map<string, number>();
  private readonly stopped = new Set<string>();

  reasons(endpointId: string): PauseReason[] {
    return [...(this.believed.get(endpointId)?.keys() ?? [])];
  }

  /** Keeps the endpoint fresh until `unwatch`. Whoever claimed at `lookedAt` saw it free: older beliefs are over. */
  watch(endpointId: string, lookedAt: number): void {
    this.watched.set(endpointId, (this.watched.get(endpointId) ?? 0) + 1);
    this.dropOlder(endpointId, lookedAt);
  }

  unwatch(endpointId: string): void {
    const left = (this.watched.get(endpointId) ?? 1) - 1;
    if (left > 0) this.watched.set(endpointId, left);
    else this.watched.delete(endpointId);
  }

  get watchedEndpoints(): string[] {
    return [...this.watched.keys()];
  }

  remember(endpointId: string, reason: PauseReason, at: number): void {
    const known = this.believed.get(endpointId) ?? new Map<PauseReason, number>();
    this.believed.set(endpointId, known.set(reason, at));
    this.stopped.add(endpointId);
  }

  forget(endpointId: string, reason: PauseReason): void {
    this.believed.get(endpointId)?.delete(reason);
  }

  /** What the database said when asked at `askedAt`; what became known since then stays. */
  refresh(endpointId: string, standing: readonly PauseReason[], askedAt: number): void {
    this.dropOlder(endpointId, askedAt);
    for (const reason of standing) this.remember(endpointId, reason, askedAt);
  }

  /** Whether the endpoint stood still since it was last asked for: who believes it broken must start afresh. */
  takeStopped(endpointId: string): boolean {
    return this.stopped.delete(endpointId);
  }

  private dropOlder(endpointId: string, than: number): void {
    const known = this.believed.get(endpointId);
    if (!known) return;
    for (const [reason, at] of known) if (at <= than) known.delete(reason);
    if (known.size === 0) this.believed.delete(endpointId);
  }
}
