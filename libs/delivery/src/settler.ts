import type { Pool } from 'pg';
import { sqlStateOf, type Clock } from '#libs/runtime';
import { isOfContent } from './content-failure.js';
import type { OutcomeWriter } from './outcome-events.js';
import { settleLanes, type LaneResult, type SettledLane } from './settle.js';
import { parkAsOurBug } from './verdict.js';

export interface SettlerOptions {
  pool: Pool;
  clock: Clock;
  replica: string;
  outcomes: OutcomeWriter;
  onTrouble: (error: Error) => void;
}

interface Waiting {
  result: LaneResult;
  done: (settled: SettledLane) => void;
}

const TOGETHER_MAX = 200;
const RETRY_MS = 500;

/**
 * Gathers what has ended while the last settlement was being written, and settles it together. A lane's next call
 * waits for its own settlement: what reached the partner is on record before the next thing does.
 */
export class Settler {
  private waiting: Waiting[] = [];
  private working?: Promise<void>;

  constructor(private readonly options: SettlerOptions) {}

  /** Resolves once it is durable; a database that is away is waited for. */
  settle(result: LaneResult): Promise<SettledLane> {
    return new Promise((done) => {
      this.waiting.push({ result, done });
      this.working ??= this.work().finally(() => (this.working = undefined));
    });
  }

  async idle(): Promise<void> {
    while (this.working) await this.working;
  }

  private async work(): Promise<void> {
    while (this.waiting.length > 0) {
      const together = this.waiting.splice(0, TOGETHER_MAX);
      const settled = await this.settleStubbornly(together.map((one) => one.result));
      together.forEach((one, at) => one.done(settled[at]!));
    }
  }

  private async settleStubbornly(results: LaneResult[]): Promise<SettledLane[]> {
    for (;;) {
      try {
        return await settleLanes(this.options.pool, results, this.options);
      } catch (error) {
        this.options.onTrouble(error as Error);
        if (isOfContent(error) && results.length > 1) return this.oneByOne(results);
        if (isOfContent(error)) results = results.map((result) => withoutContent(result, error as Error));
        else await this.options.clock.sleep(RETRY_MS);
      }
    }
  }

  private async oneByOne(results: LaneResult[]): Promise<SettledLane[]> {
    const settled: SettledLane[] = [];
    for (const result of results) settled.push(...(await this.settleStubbornly([result])));
    return settled;
  }
}

/** What the ledger cannot hold of an attempt must not keep its lane for ever: parked as our bug, without the words. */
function withoutContent(result: LaneResult, error: Error): LaneResult {
  const attempt = result.attempt && {
    ...result.attempt,
    verdict: parkAsOurBug(`the result could not be stored (${sqlStateOf(error)})`),
    reason: undefined,
    exchange: undefined,
    note: undefined,
  };
  return { ...result, attempt, keep: false };
}
