import type { Verdict } from '#libs/testing';
import type { World, WorldOptions } from '../../world/world.ts';
import type { Cluster } from './cluster.ts';
import type { ChaosStack } from './chaos-stack.ts';
import type { FaultProxy } from './fault-proxy.ts';

/** One thing that goes wrong, and what must be true all the same. A file under test/chaos/<folder>/ exports it as `scenario`. */
export interface Scenario {
  /** Kebab case, as the file is named. */
  name: string;
  /** Of the failure catalogue. */
  rows: number[];
  /** One sentence: what must be true. */
  says: string;
  /** After so long it is stuck; 3 unless told. */
  minutes?: number;
  /** It kills or stops a broker or a database, and takes a stack of the run's own for it. */
  alone?: true;
  /** Longer than all others: run by name and in a soak, not in a run of everything. */
  long?: true;
  run(chaos: Chaos): Promise<Finding>;
}

/** What a scenario saw. Anything it throws is an expectation broken. */
export interface Finding {
  /** Of `weigh`, over what the ERP committed and what the partner acted on. */
  verdict?: Verdict;
  /** What has not come to its end and still could. */
  stuck?: string[];
  /** Expectations other than the balance that do not hold. */
  broken?: string[];
  /** For whoever reads the line: how many, how fast. */
  note?: string;
}

/** What a scenario may use. Whatever it gives ends with the scenario. */
export interface Chaos {
  /**
   * Ponte and the world outside on databases and a vhost of their own, prepared and not started. On the run's own stack
   * once `stack` was called, on the cluster's broker once `cluster` was; otherwise on the shared one.
   */
  world(options?: WorldOptions): Promise<World>;
  /** In front of one TCP server, named by any URL or by `host:port`. */
  proxy(target: string): Promise<FaultProxy>;
  /** A PostgreSQL and a RabbitMQ of the run's own, which the scenario may kill. Call it before `world`. */
  stack(): Promise<ChaosStack>;
  /** Three RabbitMQ nodes of the scenario's own, joined. Call it before `world`. */
  cluster(): Promise<Cluster>;
  /** Told while it runs, when a person wants to follow (`--aloud`). */
  say(line: string): void;
}

export type Word = 'ok' | 'lost' | 'doubled' | 'reordered' | 'stuck' | 'broken';
