/**
 * `confirmed`: the broker holds it durably in at least one queue.
 * `returned`: no queue is bound to its routing key; nobody has it.
 * `refused`: the broker would not take it now (a full queue with reject-publish); nobody is promised to have it.
 */
export type PublishResult = 'confirmed' | 'returned' | 'refused';

/** The channel or the connection went away before the confirm: whether the broker has the message is not known. */
export class ConfirmLost extends Error {
  override readonly name = 'ConfirmLost';
}

export type Settle = (result: PublishResult | ConfirmLost) => void;

interface UnderWay {
  messageId: string;
  settle: Settle;
}

/** The messages of one channel that the broker has not answered yet, by the tag it counts them with. */
export class ConfirmWindow {
  private readonly underWay = new Map<number, UnderWay>();
  private readonly returnedIds = new Set<string>();
  private readonly whenEmpty: (() => void)[] = [];
  private lastTag = 0;

  constructor(private readonly onAnswer: () => void) {}

  get size(): number {
    return this.underWay.size;
  }

  /** Called in the order of publishing: the broker counts the same way. */
  add(messageId: string, settle: Settle): void {
    this.underWay.set(++this.lastTag, { messageId, settle });
  }

  /** Comes before the ack of the same message. */
  returned(messageId: string): void {
    this.returnedIds.add(messageId);
  }

  answer(tag: number, multiple: boolean, result: 'confirmed' | 'refused'): void {
    this.onAnswer();
    if (multiple) this.settleUpTo(tag, result);
    else this.settle(tag, result);
    this.tellEmpty();
  }

  lose(reason: string): void {
    const lost = [...this.underWay.values()];
    this.underWay.clear();
    this.tellEmpty();
    for (const { settle } of lost) settle(new ConfirmLost(reason));
  }

  /** Resolves when nothing is under way any more, or after `withinMs`. */
  empty(withinMs: number): Promise<void> {
    if (this.underWay.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, withinMs);
      this.whenEmpty.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** A map keeps the order of insertion, which is that of the tags. */
  private settleUpTo(tag: number, result: 'confirmed' | 'refused'): void {
    for (const waiting of this.underWay.keys()) {
      if (waiting > tag) return;
      this.settle(waiting, result);
    }
  }

  private settle(tag: number, result: 'confirmed' | 'refused'): void {
    const message = this.underWay.get(tag);
    if (!message) return;
    this.underWay.delete(tag);
    const wasReturned = this.returnedIds.size > 0 && this.returnedIds.delete(message.messageId);
    message.settle(wasReturned && result === 'confirmed' ? 'returned' : result);
  }

  private tellEmpty(): void {
    if (this.underWay.size > 0) return;
    for (const tell of this.whenEmpty.splice(0)) tell();
  }
}
