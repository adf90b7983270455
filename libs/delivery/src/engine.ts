import type { Pool } from 'pg';
import type { IntegrationRef } from '#libs/contracts';
import type { Clock } from '#libs/runtime';
import { Cadences } from './cadence.js';
import type { Courier } from './courier.js';
import { Deliveries } from './deliveries.js';
import { Dispatcher } from './dispatcher.js';
import { Endpoints } from './endpoints.js';
import { Intake, type IntakeCount } from './intake.js';
import { OutcomeWriter } from './outcome-events.js';
import type { RawMessage } from './arrival.js';
import type { PayloadVault } from './park.js';
import { ParkedEvents } from './parked-events.js';
import { keepPartitions } from './partitions.js';
import type { Planner } from './plan.js';
import { Settler } from './settler.js';
import { Sweeper } from './sweeper.js';

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
  lanesMax?: number;
  perLane?: number;
  onTrouble: (what: string, error: Error) => void;
  /** Lanes the sweeper had to mend: dependents whose waker died, or a mistake of ours. */
  onMended?: (lanes: string[]) => void;
}

const TICK_MS = 1_000;
const SWEEP_MS = 5_000;
const PARTITIONS_MS = 3_600_000;

/** The ledger of one connector: events come in, deliveries go out, and everything in between can be seen. */
export class DeliveryEngine {
  readonly endpoints: Endpoints;
  readonly cadences: Cadences;
  readonly deliveries: Deliveries;
  readonly parkedEvents: ParkedEvents;
  private readonly intake: Intake;
  private readonly dispatcher: Dispatcher;
  private readonly settler: Settler;
  private readonly sweeper: Sweeper;
  private readonly stopping = new AbortController();
  private loops: Promise<void>[] = [];

  constructor(private readonly options: EngineOptions) {
    const { pool, clock, replica, connector, refOf } = options;
    const outcomes = new OutcomeWriter(connector, refOf);
    const stir = () => this.dispatcher.stir();
    const trouble = (what: string) => (error: Error) => options.onTrouble(what, error);
    this.endpoints = new Endpoints(pool, outcomes);
    this.settler = new Settler({ pool, clock, replica, outcomes, onTrouble: trouble('settle') });
    this.dispatcher = new Dispatcher({
      ...options,
      endpoints: this.endpoints,
      settler: this.settler,
      onTrouble: trouble('dispatch'),
    });
    this.cadences = new Cadences({
      pool,
      clock,
      outcomes,
      replica,
      companyOf: (id) => refOf(id).company,
      onReleased: stir,
    });
    this.deliveries = new Deliveries(pool, outcomes, stir);
    this.parkedEvents = new ParkedEvents({ ...options, outcomes });
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
      this.every(TICK_MS, 'cadence', () => this.cadences.tick()),
      this.every(SWEEP_MS, 'sweep', () => this.sweep()),
      this.every(PARTITIONS_MS, 'partitions', () => this.prepare()),
    ];
  }

  /** @see Intake.take */
  async take(messages: readonly RawMessage[], life: number): Promise<IntakeCount> {
    const count = await this.intake.take(messages, life);
    if (count.planned > 0) this.dispatcher.stir();
    return count;
  }

  takeDead(messages: readonly RawMessage[], life: number): Promise<void> {
    return this.intake.takeDead(messages, life);
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

  private async sweep(): Promise<void> {
    const { mended } = await this.sweeper.step();
    if (mended.length > 0) this.options.onMended?.(mended);
  }

  private async every(ms: number, what: string, work: () => Promise<void>): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await this.options.clock.sleep(ms, signal);
      if (!signal.aborted) await work().catch((error: Error) => this.options.onTrouble(what, error));
    }
  }
}
