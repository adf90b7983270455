import type { Pool, PoolClient } from 'pg';
import { faultPoint, inTransaction, type Clock } from '#libs/runtime';
import { readArrival, type Arrival, type RawMessage, type Reading } from './arrival.js';
import { isOfContent } from './content-failure.js';
import { Holds } from './holds.js';
import { withoutRepeated } from './inbox.js';
import { parkArrival } from './park.js';
import { behind, planAndSchedule, type EventToPlan, type PlanningOptions } from './planning.js';
import { QueueEpoch } from './queue-epoch.js';
import type { WaysIn } from './way-in.js';

export interface IntakeOptions extends PlanningOptions {
  pool: Pool;
  clock: Clock;
  /** Sources whose receivables may contradict themselves. */
  warnOnly?: ReadonlySet<string>;
  /** Absent: whoever may write to the exchange is believed. */
  waysIn?: WaysIn;
}

export interface IntakeCount {
  received: number;
  repeated: number;
  planned: number;
  parked: number;
}

type Lock = (client: PoolClient) => Promise<void>;

/**
 * Turns a batch of messages into deliveries, in one transaction, in their order. What is repeated changes nothing;
 * what cannot be planned is kept with its bytes and holds its key.
 */
export class Intake {
  private readonly reading: Reading;
  private readonly owner: QueueEpoch;
  /** Dead letters come on a queue of their own, which may be another process'. */
  private readonly deadOwner: QueueEpoch;

  constructor(private readonly options: IntakeOptions) {
    const { pool, queue, planner, warnOnly, waysIn } = options;
    this.reading = { warnOnly, waysIn, knows: (type) => planner.knows(type) };
    this.owner = new QueueEpoch(pool, queue);
    this.deadOwner = new QueueEpoch(pool, `${queue} (dead letters)`);
  }

  /**
   * Resolves when everything is durable.
   * @param life of the channel that brought them; after a rejection only a new one is taken from
   * @throws EpochLost, and whatever the weather throws: the same messages are to be handed again
   */
  take(messages: readonly RawMessage[], life: number): Promise<IntakeCount> {
    return this.owner.asOwner(life, async () => {
      const count = await this.takeSafely(this.read(messages), (client) => this.owner.lock(client));
      faultPoint('after-commit-before-ack');
      return count;
    });
  }

  /** Messages the broker gave up on come in again as parked, each holding its key; what had been taken in is known. */
  takeDead(messages: readonly RawMessage[], life: number): Promise<IntakeCount> {
    const lock: Lock = (client) => this.deadOwner.lockAll(client);
    return this.deadOwner.asOwner(life, () => this.takeSafely(this.read(messages).map(asDead), lock));
  }

  private read(messages: readonly RawMessage[]): Arrival[] {
    const now = this.options.clock.now();
    return messages.map((message) => readArrival(message, now, this.reading));
  }

  /** All together, or one by one where the content of one makes all fail. */
  private async takeSafely(arrivals: readonly Arrival[], lock: Lock): Promise<IntakeCount> {
    try {
      return await this.takeIn(arrivals, lock);
    } catch (error) {
      if (!isOfContent(error)) throw error;
    }
    const total: IntakeCount = { received: 0, repeated: 0, planned: 0, parked: 0 };
    for (const arrival of arrivals) {
      const count = await this.takeIn([arrival], lock).catch((error: Error) => {
        if (!isOfContent(error)) throw error;
        return this.takeIn([asFailed(arrival, error)], lock);
      });
      for (const name of Object.keys(total) as (keyof IntakeCount)[]) total[name] += count[name];
    }
    return total;
  }

  private takeIn(arrivals: readonly Arrival[], lock: Lock): Promise<IntakeCount> {
    return inTransaction(this.options.pool, async (client) => {
      await lock(client);
      const fresh = await withoutRepeated(client, arrivals);
      const { toPlan, parked } = await this.sort(client, fresh);
      const { deliveries } = await planAndSchedule(client, this.options, toPlan);
      faultPoint('after-insert-before-commit');
      return { received: arrivals.length, repeated: arrivals.length - fresh.length, planned: deliveries, parked };
    });
  }

  /** Goes through them in order: parks, keeps what comes behind a held key, and answers what may be planned. */
  private async sort(
    client: PoolClient,
    arrivals: readonly Arrival[],
  ): Promise<{ toPlan: EventToPlan[]; parked: number }> {
    const holds = await Holds.on(client, arrivals);
    const toPlan: EventToPlan[] = [];
    let parked = 0;
    for (const arrival of arrivals) {
      if (arrival.parked) {
        parked += 1;
        await parkArrival(client, this.options, arrival, arrival.parked);
        if (arrival.parked.holds) holds.add(arrival);
      } else if (holds.holdsAll(arrival)) {
        await parkArrival(client, this.options, arrival, behind());
      } else {
        toPlan.push({ arrival, exceptIntegrations: holds.integrationsHeld(arrival) });
      }
    }
    return { toPlan, parked };
  }
}

function asDead(arrival: Arrival): Arrival {
  if (arrival.parked?.kind === 'wrong-way-in') return arrival;
  const reason = arrival.parked?.reason ?? 'the broker gave up on it and put it among the dead letters';
  return { ...arrival, event: undefined, parked: { kind: 'dead-letter', reason, holds: arrival.key !== undefined } };
}

function asFailed(arrival: Arrival, error: Error): Arrival {
  const reason = `it could not be taken in: ${error.message}`;
  return { ...arrival, event: undefined, parked: { kind: 'plan-failed', reason, holds: arrival.key !== undefined } };
}
