import { Clock } from '#libs/runtime';

interface Change<Row> {
  key: string;
  before: Row | undefined;
  atMs: number;
}

/** A partner's table: what is written counts at once, what is read may be as it was a while ago. Rows are never mutated. */
export class LaggingTable<Row extends object> {
  private readonly rows = new Map<string, Row>();
  private changes: Change<Row>[] = [];
  /** Made when asked for, so that a walk over all pages does not copy the table for each. */
  private listed: readonly Row[] | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly lagMs: () => number,
  ) {}

  /** As the partner itself sees it when it writes. */
  current(key: string): Row | undefined {
    return this.rows.get(key);
  }

  write(key: string, row: Row): void {
    this.remember(key);
    this.rows.set(key, row);
  }

  delete(key: string): void {
    this.remember(key);
    this.rows.delete(key);
  }

  /** Everything, as the partner itself sees it. */
  rowsNow(): readonly Row[] {
    return (this.listed ??= [...this.rows.values()]);
  }

  /** As the partner's readers see it, in the order of creation. */
  read(): readonly Row[] {
    const sinceMs = this.clock.monotonicMs() - this.lagMs();
    const recent = this.changes.filter(({ atMs }) => atMs > sinceMs);
    if (recent.length === 0) return this.rowsNow();
    const past = new Map(this.rows);
    for (const { key, before } of recent.toReversed()) {
      if (before) past.set(key, before);
      else past.delete(key);
    }
    return [...past.values()];
  }

  private remember(key: string): void {
    this.listed = undefined;
    const lagMs = this.lagMs();
    if (lagMs === 0) return void (this.changes = []);
    const nowMs = this.clock.monotonicMs();
    if (this.changes.length > 0 && this.changes[0]!.atMs <= nowMs - lagMs) {
      this.changes = this.changes.filter(({ atMs }) => atMs > nowMs - lagMs);
    }
    this.changes.push({ key, before: this.rows.get(key), atMs: nowMs });
  }
}
