import { Pool } from 'pg';
import { readOutcomeEvent, writeEvent, type HubEnvelope, type IntegrationRef } from '#libs/contracts';
import { connectionSettings, inTransaction, migrate, SystemClock, type Prepared } from '#libs/runtime';
import type { RawMessage } from '../src/arrival.js';
import {
  type CadenceWish,
  DELIVERY_MIGRATIONS,
  DeliveryEngine,
  type EngineOptions,
  type IntakeCount,
  LOCK_ALL_EPOCHS,
  type PlannedDelivery,
} from '../src/index.js';
import { recomputeLanes } from '../src/lane-locks.js';
import { keepPartitions } from '../src/partitions.js';
import * as sql from './ledger.sql.js';
import { ScriptedCourier } from './scripted-courier.js';
import { ScriptedPlanner } from './scripted-planner.js';

const SCHEMA = 'ledger';

/** What `privateDatabase` needs to hand out an empty ledger. */
export const LEDGER = {
  template: 'delivery_ledger',
  migrate: async (url: string): Promise<void> => {
    await migrate(url, SCHEMA, DELIVERY_MIGRATIONS);
    const pool = openPool(url, 1);
    await keepPartitions(pool, new Date());
    await pool.end();
  },
};

export function openPool(url: string, max = 10, more: { idleInTransactionTimeoutMs?: number } = {}): Pool {
  const pool = new Pool({
    ...connectionSettings({ url, schema: SCHEMA, applicationName: 'ledger-spec', ...more }),
    max,
  });
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/** What a query says, however it was given to the driver. */
export function textOf(statement: unknown): string {
  return typeof statement === 'string' ? statement : (statement as Prepared).text;
}

/** One that writes down what is sent through it. */
export function listeningPool(url: string): { pool: Pool; statements: string[] } {
  const pool = openPool(url);
  const statements: string[] = [];
  pool.on('connect', (client) => {
    const query = client.query.bind(client) as (...args: unknown[]) => unknown;
    Object.assign(client, {
      query: (...args: unknown[]) => {
        statements.push(textOf(args[0]));
        return query(...args);
      },
    });
  });
  return { pool, statements };
}

/** Turns every byte round: enough to see that nothing is stored in clear. */
export const VAULT = {
  seal: (content: Buffer) => Buffer.from(content.map((byte) => byte ^ 0xff)),
  open: (sealed: Buffer) => Buffer.from(sealed.map((byte) => byte ^ 0xff)),
};

/** The system's clock, moved on by hand: now and monotonic alike. */
export class MovedClock extends SystemClock {
  aheadMs = 0;
  override now(): Date {
    return new Date(super.now().getTime() + this.aheadMs);
  }
  override monotonicMs(): number {
    return super.monotonicMs() + this.aheadMs;
  }
}

export interface Told {
  type: string;
  subject: string;
  payload: Record<string, unknown>;
}

/** One ledger and as many engines on it as a test wants, each with its own pool, as replicas have. */
export class Ledger {
  readonly pool: Pool;
  readonly planner = new ScriptedPlanner();
  readonly courier = new ScriptedCourier();
  readonly clock = new MovedClock();
  readonly troubles: Error[] = [];
  private readonly engines: { engine: DeliveryEngine; pool: Pool }[] = [];
  private life = 0;

  private constructor(readonly url: string) {
    this.pool = openPool(url, 6);
  }

  /** An empty one, in a database that may have served a test before. */
  static async open({ url }: { url: string }): Promise<Ledger> {
    const ledger = new Ledger(url);
    await ledger.pool.query(sql.CLEAR);
    return ledger;
  }

  /** An engine on the ledger; it calls nobody before it is started. */
  async engine(wish: Partial<EngineOptions> = {}): Promise<DeliveryEngine> {
    const { planner, courier, clock } = this;
    const pool = wish.pool ?? openPool(this.url);
    const engine = new DeliveryEngine({
      connector: 'demo',
      pool,
      clock,
      queue: 'demo.events',
      replica: `replica-${this.engines.length + 1}`,
      planner,
      courier,
      vault: VAULT,
      refOf: integrationRef,
      onTrouble: (_, error) => this.troubles.push(error),
      ...wish,
    });
    await engine.prepare();
    this.engines.push({ engine, pool });
    return engine;
  }

  /** Hands the messages over as the first batch of a new channel. */
  take(engine: DeliveryEngine, ...messages: RawMessage[]): Promise<IntakeCount> {
    this.life += 1;
    return engine.take(messages, this.life);
  }

  /** As whoever saves settings does it. */
  async setCadence(engine: DeliveryEngine, wish: CadenceWish): Promise<void> {
    const changed = await inTransaction(this.pool, async (client) => {
      await client.query(LOCK_ALL_EPOCHS);
      return engine.cadences.change(client, wish);
    });
    if (changed) await engine.cadences.refile(wish.integrationId);
  }

  /** Puts deliveries on lanes, as a load does. */
  schedule(engine: DeliveryEngine, deliveries: PlannedDelivery[], integrationId = '1'): Promise<void> {
    return this.scheduleBatch(engine, [deliveries], integrationId);
  }

  /** As intake does with the events of one batch: each has a plan of its own. */
  async scheduleBatch(engine: DeliveryEngine, plans: PlannedDelivery[][], integrationId = '1'): Promise<void> {
    const { source, company } = integrationRef(integrationId);
    const cause = { source, company, subject: 'receivable/1' };
    const batch = plans.map((deliveries) => ({ cause, plans: [{ integrationId, deliveries }] }));
    await inTransaction(this.pool, (client) => engine.schedule(client, batch));
  }

  /** For everybody: what waits in the ledger, and this ledger's clock. */
  async passTime(ms: number): Promise<void> {
    // The clock first: a lane claimed between the two would hold a lease that the clock has already left behind.
    this.clock.aheadMs += ms;
    for (const statement of sql.PASS_TIME) await this.pool.query(statement, [ms]);
  }

  async rows<Row = Record<string, unknown>>(statement: string | Prepared, values: unknown[] = []): Promise<Row[]> {
    return (await this.pool.query(statement, values)).rows as Row[];
  }

  async waiting(): Promise<number> {
    return (await this.rows<{ waiting: number }>(sql.WAITING))[0]!.waiting;
  }

  lanes = () => this.rows<LaneRow>(sql.LANES);
  open = () => this.rows<DeliveryRow>(sql.OPEN);
  settled = () => this.rows<DeliveryRow>(sql.SETTLED);
  attempts = () => this.rows<AttemptRow>(sql.ATTEMPTS);
  parked = () => this.rows<ParkedRow>(sql.PARKED);
  intents = () => this.rows<IntentRow>(sql.INTENTS);
  spend = () => this.rows<{ integration_id: string; period: string; reserved: string }>(sql.SPEND);
  inbox = () => this.rows<{ event_id: string; reason_code: string | null; reason: string | null }>(sql.INBOX);
  told = () => this.rows<Told>(sql.OUTCOMES);

  async toldOf(suffix: string): Promise<Told[]> {
    return (await this.told()).filter(({ type }) => type === `demo.${suffix}`);
  }

  /**
   * Stops the engines and looks whether the ledger is sound: nothing open and settled at once, everything settled told
   * once, every outcome as the contract has it, of every lane said what its head says, and every budget that of its calls.
   */
  async close(): Promise<void> {
    await Promise.all(this.engines.map(({ engine }) => engine.stop()));
    try {
      await this.requireSound();
    } finally {
      await this.abandon();
    }
  }

  /** Without looking. */
  async abandon(): Promise<void> {
    await Promise.all([this.pool, ...new Set(this.engines.map(({ pool }) => pool))].map((pool) => pool.end()));
  }

  async requireSound(): Promise<void> {
    const doubled = await this.rows(sql.DOUBLED);
    const untold = await this.rows(sql.UNTOLD);
    const lanes = (await this.rows<{ id: string }>(sql.ALL_LANES)).map(({ id }) => id);
    const wrong = await recomputeLanes(this.pool, lanes);
    const badOutcomes = (await this.rows<OutcomeRow>(sql.OUTCOMES)).flatMap(problemsOfOutcome);
    const unbalanced = await this.rows(sql.UNBALANCED_SPEND);
    const problems = { doubled, untold, wrong, badOutcomes, unbalanced };
    if (Object.values(problems).some((list) => list.length > 0))
      throw new Error(`the ledger is not sound: ${JSON.stringify(problems)}`);
  }
}

/** Two integrations of one company share an owner: 1 to 9 are company 1's, 10 to 19 company 2's, and so on. */
export function integrationRef(id: string): IntegrationRef {
  const company = String(Math.floor(Number(id) / 10) + 1);
  return { id, name: `integration ${id}`, source: '/erp/demo', company };
}

export interface LaneRow {
  id: string;
  key: string;
  waits_for: 'nothing' | 'window' | 'dependency' | 'person' | 'batch' | null;
  priority: number;
  epoch: string;
  leased: boolean;
  head: string | null;
}

export interface DeliveryRow {
  position: string;
  lane: string;
  operation: string;
  state: string;
  attempts: number;
  tries: number;
  reason: string | null;
  settled_by?: string | null;
}

export interface AttemptRow {
  position: string;
  number: number;
  epoch: string;
  counted: boolean;
  late: boolean;
  outcome: string;
  reason: string | null;
  replica: string;
}

export interface IntentRow {
  position: string;
  number: number;
  state: string;
  replica: string;
  key: string;
  cost: string | null;
}

export interface ParkedRow {
  id: string;
  state: string;
  key: string | null;
  event_id: string | null;
  reason_code: string;
  reason: string;
  integration_id: string | null;
  holds: boolean;
  open: boolean;
  content: Buffer;
}

interface OutcomeRow extends Told {
  id: string;
  company: string;
  branch: string | null;
  actor: string | null;
  traceparent: string | null;
  occurred_at: Date;
}

function problemsOfOutcome({ payload, occurred_at, branch, actor, traceparent, ...row }: OutcomeRow): string[] {
  const { content, properties } = writeEvent({
    specversion: '1.0',
    source: '/ponte/demo-connector',
    time: occurred_at.toISOString(),
    branch: branch ?? undefined,
    actor: actor ?? undefined,
    traceparent: traceparent ?? undefined,
    data: payload,
    ...row,
  } as HubEnvelope);
  const read = readOutcomeEvent(content, properties);
  if (read.kind === 'outcome') return [];
  return [`${row.type}: ${read.kind === 'invalid' ? read.problems.join('; ') : read.kind}`];
}
