import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Client } from 'pg';
import { eventually } from '#libs/testing';
import { RelayBench, type RunningRelay, type Taken } from '../test/relay-bench.js';

let bench: RelayBench;
let sessions: Client[];
beforeAll(async () => {
  bench = await RelayBench.open();
  sessions = await Promise.all([1, 2, 3, 4].map(() => bench.database.session()));
});
afterEach(() => bench.clear());
afterAll(() => bench.close());

type Step =
  | { do: 'write'; session: number; key: number }
  | { do: 'commit' | 'rollback'; session: number }
  | { do: 'hold-answers' | 'let-answers-through' | 'cut-sessions' };

const session = fc.nat({ max: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('write' as const), session, key: fc.nat({ max: 4 }) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('commit' as const), session }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('rollback' as const), session }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('hold-answers' as const, 'let-answers-through' as const) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'cut-sessions' as const }) },
);

test('whatever the interleaving, every committed row arrives, and per key in the order of its positions', async () => {
  const taken = await bench.listen();
  const running = await bench.start({ ttlMs: 30_000, unconfirmedMax: 5 });
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      taken.length = 0;
      run += 1;
      const erp = new InterleavedErp(`run ${run}`);
      for (const one of steps) await perform(one, erp, running);
      await erp.commitAll();
      running.publisher.letAnswersThrough();
      await eventually(async () => (await bench.database.unpublished()) === 0);
      await eventually(() => expect(new Set(numbersOf(taken))).toEqual(new Set(erp.committed)));
      expectOrderPerKey(taken);
    }),
    { numRuns: 15, interruptAfterTimeLimit: 40_000 },
  );
});

async function perform(one: Step, erp: InterleavedErp, { applicationName, publisher }: RunningRelay): Promise<void> {
  if (one.do === 'write') return erp.write(one.session, one.key);
  if (one.do === 'commit' || one.do === 'rollback') return erp.end(one.session, one.do);
  if (one.do === 'hold-answers') return publisher.holdAnswers();
  if (one.do === 'let-answers-through') return publisher.letAnswersThrough();
  await bench.database.cut(applicationName);
}

/** Four sessions that keep the rule: a row is written under the lock of its aggregate, which ends with the transaction. */
class InterleavedErp {
  private readonly holders = new Map<number, number>();
  private readonly written = new Map<number, number[]>();
  readonly committed: number[] = [];
  private n = 0;

  constructor(private readonly prefix: string) {}

  /** Nothing, when another session holds the key: it would wait. */
  async write(at: number, key: number): Promise<void> {
    if ((this.holders.get(key) ?? at) !== at) return;
    if (!this.written.has(at)) {
      await sessions[at]!.query('begin');
      await sessions[at]!.query('select pg_current_xact_id()'); // what locking the aggregate's row does
      this.written.set(at, []);
    }
    this.holders.set(key, at);
    const n = ++this.n;
    await bench.database.write({ aggregateid: `${this.prefix} ${key}`, payload: { n } }, sessions[at]);
    this.written.get(at)!.push(n);
  }

  async end(at: number, how: 'commit' | 'rollback'): Promise<void> {
    const written = this.written.get(at);
    if (!written) return;
    await sessions[at]!.query(how);
    if (how === 'commit') this.committed.push(...written);
    this.written.delete(at);
    for (const [key, holder] of this.holders) if (holder === at) this.holders.delete(key);
  }

  async commitAll(): Promise<void> {
    for (const at of this.written.keys()) await this.end(at, 'commit');
  }
}

const numbersOf = (taken: Taken[]) => taken.map(({ n }) => n);

/** Written in the order of `n`, so the first arrivals of a key must rise by it. */
function expectOrderPerKey(taken: Taken[]): void {
  const last = new Map<string, number>();
  const seen = new Set<string>();
  for (const { id, key, n } of taken) {
    if (seen.has(id)) continue;
    seen.add(id);
    expect(n).toBeGreaterThan(last.get(key) ?? 0);
    last.set(key, n);
  }
}
