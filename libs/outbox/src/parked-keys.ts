import type { OutboxRow } from './outbox-row.js';

/** A head, and the key it holds. */
export type ParkedKey = Pick<OutboxRow, 'position' | 'key'>;

/** Which keys are held, and by which head. */
export class ParkedKeys {
  private heads = new Map<string, string>();

  get size(): number {
    return this.heads.size;
  }

  headOf(row: OutboxRow): string | undefined {
    return this.heads.get(row.key);
  }

  hold(row: OutboxRow): void {
    this.heads.set(row.key, row.position);
  }

  /** @param heads by rising position: the lowest of a key holds it. @returns whether a head is gone */
  replaceBy(heads: readonly ParkedKey[]): boolean {
    const standing = new Map<string, string>();
    for (const { key, position } of heads) if (!standing.has(key)) standing.set(key, position);
    const gone = [...this.heads].some(([key, position]) => standing.get(key) !== position);
    this.heads = standing;
    return gone;
  }

  clear(): void {
    this.heads.clear();
  }
}
