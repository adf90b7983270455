/** First in, first out, without moving the rest at every turn: a busy key may have thousands waiting. */
export class Fifo<T> {
  private items: (T | undefined)[] = [];
  private head = 0;

  get length(): number {
    return this.items.length - this.head;
  }

  push(item: T): void {
    this.items.push(item);
  }

  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.items[this.head];
    this.items[this.head++] = undefined;
    if (this.head > 1_024 && this.head * 2 > this.items.length) this.drop();
    return item;
  }

  /** Before the first item from the end that `isEarlier` says is later; the usual place is the end. */
  insert(item: T, isEarlier: (one: T, other: T) => boolean): void {
    const first = this.items[this.head];
    if (this.head > 0 && this.length > 0 && isEarlier(item, first as T)) {
      this.items[--this.head] = item;
      return;
    }
    let at = this.items.length;
    while (at > this.head && isEarlier(item, this.items[at - 1] as T)) at -= 1;
    this.items.splice(at, 0, item);
  }

  /** Takes everything. */
  drain(): T[] {
    const items = this.items.slice(this.head) as T[];
    this.items = [];
    this.head = 0;
    return items;
  }

  private drop(): void {
    this.items = this.items.slice(this.head);
    this.head = 0;
  }
}
