import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { addressesOf } from './addresses.ts';
import { appVhost, prepareBroker } from './broker.ts';
import { prepareDatabases } from './databases.ts';
import { signToken } from './access.ts';
import { environmentsOf, writeEnvironments } from './environments.ts';
import { withLock } from './lock.ts';
import { projectFolder, usualStackFolder } from './paths.ts';
import { PostgresServer } from './postgres.ts';
import { isRunning, markOf } from './processes.ts';
import { preparePublisher, requirePublisherName } from './publisher.ts';
import { RabbitContainer } from './rabbitmq-docker.ts';
import { obtainRabbit, type Say } from './rabbitmq-source.ts';
import { RabbitNode } from './rabbitmq.ts';
import { readState, secret, writeState, type Borrower, type StackAddresses, type StackState } from './state.ts';

export type PartStatus = 'up' | 'down' | 'given by the environment';
export type StackStatus = { postgres: PartStatus; rabbitmq: PartStatus; addresses: StackAddresses | undefined };

export type Loan = {
  addresses: StackAddresses;
  /** Settings of every app against this stack, as in its `.env` file. */
  environments: { app: string; settings: Record<string, string> }[];
  giveBack(): Promise<void>;
};

/** A part that can be lost and brought back alone. */
export type Part = { start(): Promise<void>; stop(): Promise<void>; kill(): Promise<void> };

/**
 * PostgreSQL and RabbitMQ of one folder's own. The usual folder is the development stack, whose addresses also go to
 * the apps' `.env` files; a test that must break a server takes a folder of its own.
 * What DATABASE_URL or AMQP_URL already give is used and neither started nor stopped.
 */
export class PrivateStack {
  readonly folder: string;

  constructor(folder = usualStackFolder) {
    this.folder = folder;
  }

  /** Idempotent, and repairs what died. Resolves when both servers answer and hold their databases, roles and vhost. */
  async up(say: Say = () => undefined): Promise<StackAddresses> {
    return this.change(async (state) => {
      const addresses = await this.bring(state, say);
      state.kept = true;
      return addresses;
    });
  }

  /** No process is left. Data stays for the next `up`. */
  async down(): Promise<void> {
    await this.change((state) => this.stopBoth(state));
  }

  /** As `down`, and the data, passwords and keys go too. */
  async wipe(): Promise<void> {
    await withLock(this.folder, async () => {
      const state = readState(this.folder);
      await this.stopBoth(state);
      await this.rabbitOf(state)?.wipe();
      new PostgresServer(this.folder, state).wipe();
      rmSync(join(this.folder, 'state.json'), { force: true });
    });
  }

  /**
   * For commands that need the stack while they run. `giveBack` stops it when nobody asked for it with `up` and no other
   * command uses it, so that a command leaves the machine as it found it.
   */
  async borrow(say: Say = () => undefined): Promise<Loan> {
    const loan = randomUUID();
    const holder = markOf(process.pid);
    const giveBack = () =>
      this.change(async (state) => {
        state.borrowers = borrowersOf(state).filter((each) => each.loan !== loan);
        if (state.borrowers.length === 0 && !state.kept) await this.stopBoth(state);
      });
    try {
      const addresses = await this.change(async (state) => {
        state.borrowers = borrowersOf(state);
        if (holder !== undefined) state.borrowers.push({ loan, holder });
        return this.bring(state, say);
      });
      return { addresses, environments: environmentsOf(addresses, readState(this.folder)), giveBack };
    } catch (error) {
      await giveBack();
      throw error;
    }
  }

  async status(): Promise<StackStatus> {
    const state = readState(this.folder);
    const postgresUp = new PostgresServer(this.folder, state).running() !== undefined;
    const rabbitUp = (await this.rabbitOf(state)?.running()) ?? false;
    return {
      postgres: process.env.DATABASE_URL ? 'given by the environment' : postgresUp ? 'up' : 'down',
      rabbitmq: process.env.AMQP_URL ? 'given by the environment' : rabbitUp ? 'up' : 'down',
      addresses: state.addresses,
    };
  }

  /** For the apps started with this stack's settings: somebody who has these roles in every company. */
  async token(roles: string[]): Promise<string> {
    return this.change((state) => signToken(state, roles));
  }

  /** The AMQP URL of a user who may publish an ERP's events and nothing else. Asked again, the same. */
  async publisher(name: string): Promise<string> {
    requirePublisherName(name);
    return this.change(async (state) => {
      const isRunning = !process.env.AMQP_URL && (await this.rabbitOf(state)?.running());
      if (!isRunning || state.addresses === undefined) {
        throw new Error(
          'This stack runs no RabbitMQ: bring it up first; for a broker of your own see docs/erp-guide.md.',
        );
      }
      const password = secret(state, `broker.publisher.${name}`);
      await preparePublisher(state.addresses.adminManagementUrl, { vhost: appVhost, name, password });
      return Object.assign(new URL(state.addresses.amqpUrl), { username: name, password }).href;
    });
  }

  get postgres(): Part {
    return this.part((state) => new PostgresServer(this.folder, state));
  }

  get rabbitmq(): Part {
    return this.part((state) => {
      const rabbit = this.rabbitOf(state);
      if (rabbit === undefined) throw new Error('This stack has no RabbitMQ yet: bring it up first.');
      return rabbit;
    });
  }

  private change<Result>(work: (state: StackState) => Promise<Result>): Promise<Result> {
    return withLock(this.folder, async () => {
      const state = readState(this.folder);
      try {
        return await work(state);
      } finally {
        writeState(this.folder, state);
      }
    });
  }

  private async bring(state: StackState, say: Say): Promise<StackAddresses> {
    await allOrFirstFailure([this.startPostgres(state), this.startRabbit(state, say)]);
    const addresses = addressesOf(state);
    state.addresses = addresses;
    await prepareDatabases(addresses.adminDatabaseUrl, state);
    if (!process.env.AMQP_URL) await prepareBroker(addresses.adminManagementUrl, state);
    if (this.folder === usualStackFolder) writeEnvironments(projectFolder, addresses, state);
    return addresses;
  }

  private part(open: (state: StackState) => Part): Part {
    const once = (act: (part: Part) => Promise<void>) => () =>
      withLock(this.folder, () => act(open(readState(this.folder))));
    return {
      start: once((part) => part.start()),
      stop: once((part) => part.stop()),
      kill: once((part) => part.kill()),
    };
  }

  private async startPostgres(state: StackState): Promise<void> {
    if (!process.env.DATABASE_URL) await startOnFreePorts(state, new PostgresServer(this.folder, state));
  }

  private async startRabbit(state: StackState, say: Say): Promise<void> {
    if (process.env.AMQP_URL) return;
    if (!(await this.rabbitOf(state)?.running())) state.rabbitSource = await obtainRabbit(say);
    await startOnFreePorts(state, this.rabbitOf(state)!);
  }

  private rabbitOf(state: StackState): RabbitNode | RabbitContainer | undefined {
    const { rabbitSource } = state;
    if (rabbitSource === undefined) return undefined;
    const Rabbit = rabbitSource.kind === 'docker' ? RabbitContainer : RabbitNode;
    return new Rabbit(this.folder, state, rabbitSource);
  }

  private async stopBoth(state: StackState): Promise<void> {
    state.kept = false;
    await allOrFirstFailure([
      new PostgresServer(this.folder, state).stop(),
      this.rabbitOf(state)?.stop() ?? Promise.resolve(),
    ]);
  }
}

/** Those that were killed before they could give back count no more. */
function borrowersOf(state: StackState): Borrower[] {
  return (state.borrowers ?? []).filter(({ holder }) => isRunning(holder));
}

/** A port that was free may be taken by the time a server binds it: then the start is tried again on others. */
async function startOnFreePorts(state: StackState, part: Part): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const before = JSON.stringify(state.ports);
    try {
      return await part.start();
    } catch (error) {
      const moved = attempt > 1 && JSON.stringify(state.ports) === before;
      if (attempt === 3 || moved) throw error;
    }
  }
}

/** Waits for all, so that nothing goes on behind the caller's back, then throws the first failure. */
async function allOrFirstFailure(works: Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(works);
  const failure = results.find((result) => result.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
}
