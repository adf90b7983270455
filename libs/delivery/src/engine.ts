import type { Pool, PoolClient } from 'pg';
import type { IntegrationRef } from '#libs/contracts';
import type { Clock } from '#libs/runtime';
import type { RawMessage } from './arrival.js';
import { tryOneOfEachAwaiting } from './awaiting.js';
import { Cadences } from './cadence.js';
import type { Courier } from './courier.js';
import { Deliveries } from './deliveries.js';
import { Dispatcher } from './dispatcher.js';
import { Endpoints } from './endpoints.js';
import { Intake, type IntakeCount } from './intake.js';
import { OutcomeWriter } from './outcome-events.js';
import type { PayloadVault } from './park.js';
import { ParkedEvents } from './parked-events.js';
import { keepPartitions } from './partitions.js';
import type { Planner } from './plan.js';
import { Redrives } from './redrives.js';
import type { AfterRuns } from './run.js';
import { schedule, type ToSchedule } from './schedule.js';
import { Settler } from './settler.js';
import { Sweeper } from './sweeper.js';
import type { WaysIn } from './way-in.js';

export interface EngineOptions {
  /** The first word of outcome types: `customerx`. */
  connector: string;
  pool: Pool;
  clock: Clock;
  queue: string;
  replica: string;
  planner: Planner;
  courier: Courier;
  vault: PayloadVault;
  refOf: (integrationId: string) => IntegrationRef;
  /** Sources whose receivables may contradict themselves. */
  warnOnly?: ReadonlySet<string>;
  /** Absent: whoever may write to the exchange is believed. */
  waysIn?: WaysIn;
  /** Lanes in hand in this process, at the most. */
  lanesMax?: number;
  /** Deliveries claimed of one lane at once. */
  perLane?: number;
  /** A lease is the deadline of one call and this; a dead holder's lane comes back after it. */
  leaseMarginMs?: number;
  /** Wait before the first call through an open breaker. */
  firstProbeMs?: number;
  /** What is to be planned of a run that is through, in the transaction that finishes it. */
  afterRuns?: AfterRuns;
  onTrouble: (what: string, error: Error) => void;
  /** Lanes the sweeper had to mend: dependents whose waker died, or a mistake of ours. */
  onMended?: (lanes: string[]) => void;
}

const SWEEP_MS = 5_000;
const PARTITIONS_MS = 3_600_000;
const REDRIVE_MS = 500;
const AWAITING_MS = 30_000;

/** The ledger of one connector: events come in, deliveries go out, and everything in between can be seen. */
export class DeliveryEngine {
  readonly endpoints: Endpoints;
  readonly cadences: Cadences;
  readonly deliveries: Deliveries;
  readonly parkedEvents: ParkedEvents;
  readonly redrives: Redrives;
  private readonly outcomes: OutcomeWriter;
  private readonly intake: Intake;
  private readonly dispatcher: Dispatcher;
  private readonly sweeper: Sweeper;
  private readonly stopping = new AbortController();
  private loops: Promise<void>[] = [];

  constructor(private readonly options: EngineOptions) {
    const { pool, clock, connector, refOf } = options;
    const outcomes = new OutcomeWriter(connector, refOf, () => clock.now());
    const stir = () => this.dispatcher.stir();
    const trouble = (what: string) => (error: Error) => options.onTrouble(what, error);
    this.outcomes = outcomes;
    this.endpoints = new Endpoints({ ...options, outcomes });
    const settler = new Settler({ ...options, outcomes, onTrouble: trouble('settle') });
    this.dispatcher = new Dispatcher({
      ...options,
      outcomes,
      endpoints: this.endpoints,
      settler,
      onTrouble: trouble('dispatch'),
    });
    this.cadences = new Cadences({ ...options, outcomes, onReleased: stir });
    this.deliveries = new Deliveries(pool, outcomes, stir);
    this.parkedEvents = new ParkedEvents({ ...options, outcomes });
    this.redrives = new Redrives({ pool, outcomes, onReleased: stir });
    this.intake = new Intake({ ...options, outcomes });
    this.sweeper = new Sweeper(pool);
  }

  /** Makes the partitions; must have ended before the first message is taken. */
  async prepare(): Promise<void> {
    await keepPartitions(this.options.pool, this.options.clock.now());
  }

  /** Starts calling partners. */
  start(): void {
    this.dispatcher.start();
    this.loops = [
      this.every(SWEEP_MS, 'sweep', () => this.sweep()),
      this.every(PARTITIONS_MS, 'partitions', () => this.prepare()),
      this.every(REDRIVE_MS, 'redrive', () => this.redrives.run()),
      this.every(AWAITING_MS, 'awaiting', () => this.tryAwaiting()),
    ];
  }

  /** @see Intake.take */
  async take(messages: readonly RawMessage[], life: number): Promise<IntakeCount> {
    const count = await this.intake.take(messages, life);
    if (count.planned > 0) this.dispatcher.stir();
    return count;
  }

  /** @see Intake.takeDead */
  takeDead(messages: readonly RawMessage[], life: number): Promise<IntakeCount> {
    return this.intake.takeDead(messages, life);
  }

  /**
   * Puts deliveries that come of no message on their lanes, in the transaction of what they come of: a load, a run.
   * @returns how many @throws ContentFailure where a plan asks for a ring of waits
   */
  async schedule(client: PoolClient, batch: readonly ToSchedule[]): Promise<number> {
    return (await schedule(client, this.outcomes, batch)).planned;
  }

  /** Something became due by another hand than the engine's own. */
  stir(): void {
    this.dispatcher.stir();
  }

  get lanesInHand(): number {
    return this.dispatcher.lanesInHand;
  }

  /** Claims nothing more, lets calls end, settles them, hands back what was not sent. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.all([...this.loops, this.dispatcher.stop()]);
  }

  /**
   * One step of the walk that finds lanes whose word is wrong; the engine takes one every few seconds by itself.
   * @returns the lanes that had to be mended; `done` at the end of a round
   */
  async sweep(): Promise<{ mended: string[]; done: boolean }> {
    const step = await this.sweeper.step();
    if (step.mended.length > 0) this.options.onMended?.(step.mended);
    return step;
  }

  /** What awaits something at the partner is tried once in a while: it may have come by another hand. @returns how many */
  async tryAwaiting(): Promise<number> {
    const tried = await tryOneOfEachAwaiting(this.options.pool);
    if (tried > 0) this.dispatcher.stir();
    return tried;
  }

  private async every(ms: number, what: string, work: () => Promise<unknown>): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await this.options.clock.sleep(ms, signal);
      if (!signal.aborted) await work().catch((error: Error) => this.options.onTrouble(what, error));
    }
  }
}
