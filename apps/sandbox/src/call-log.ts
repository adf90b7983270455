import { hash } from 'node:crypto';

/** What a call did to the partner's state. `unchanged`: accepted, and everything was so already. */
export type Effect = 'created' | 'changed' | 'unchanged' | 'deleted' | 'none';

/** What a call that carries many things did to one of them. */
export interface ItemEffect {
  resource: string;
  externalId: string;
  effect: Effect;
  /** The partner's code for it, where it did not take this one. */
  refusal?: string;
  /** Counts on from the call's own. */
  effectNumber?: number;
}

/** One call a partner took, refused ones included, in the order in which it acted on them. */
export interface PartnerCall {
  /** 1, 2, 3 … since the last reset; dropped calls keep theirs. */
  n: number;
  at: string;
  /** Whose credentials; absent when the partner knew nobody by them. */
  account?: string;
  verb: string;
  path: string;
  resource?: string;
  externalId?: string;
  /** Our `idempotency-key` header, where it was sent. */
  idempotencyKey?: string;
  /** As it came. */
  body: string;
  /** The same body has the same hash. */
  bodyHash: string;
  effect: Effect;
  /** Counts what `created`, `changed` and `deleted` did to this partner; absent where nothing happened. */
  effectNumber?: number;
  /** Of a call that carries many things, in the order in which it acted on them; `effect` is then what became of the whole. */
  effects?: readonly ItemEffect[];
  /** What was answered; null when nothing was, or has not been yet. */
  status: number | null;
  /** The fault on demand that hit this call. */
  fault?: string;
}

export interface CallLogPage {
  items: PartnerCall[];
  /** Ask again with `after` = this; absent on the last page. */
  next?: number;
  /** How many calls there were in all. */
  total: number;
  /** How many of them, the oldest, are forgotten: a verdict over what is left is not a verdict. */
  dropped: number;
}

/** Every call in order, up to a number of them: beyond, the oldest are dropped, and it says so. */
export class CallLog {
  private calls: PartnerCall[] = [];
  private total = 0;
  private effects = 0;

  constructor(readonly capacity: number) {}

  add(call: Omit<PartnerCall, 'n' | 'bodyHash' | 'effectNumber'>): PartnerCall {
    const logged: PartnerCall = {
      n: ++this.total,
      ...call,
      bodyHash: hash('sha256', call.body).slice(0, 16),
      effectNumber: this.numberOf(call.effect),
      effects: call.effects?.map((item) => ({ ...item, effectNumber: this.numberOf(item.effect) })),
    };
    this.calls[(logged.n - 1) % this.capacity] = logged;
    return logged;
  }

  page(after: number, limit: number): CallLogPage {
    const first = Math.max(after, this.dropped);
    const last = Math.min(first + limit, this.total);
    const items = Array.from(
      { length: Math.max(0, last - first) },
      (_, at) => this.calls[(first + at) % this.capacity]!,
    );
    return { items, next: last < this.total ? last : undefined, total: this.total, dropped: this.dropped };
  }

  /** Those still remembered, oldest first. */
  all(): PartnerCall[] {
    return this.page(0, this.capacity).items;
  }

  clear(): void {
    this.calls = [];
    this.total = 0;
    this.effects = 0;
  }

  private numberOf(effect: Effect): number | undefined {
    return effect === 'none' || effect === 'unchanged' ? undefined : ++this.effects;
  }

  private get dropped(): number {
    return Math.max(0, this.total - this.capacity);
  }
}
