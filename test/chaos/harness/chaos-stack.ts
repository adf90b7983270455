import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runOrFail } from '../../../tools/run.ts';
import { systemPath, unpackedEnvironment } from '../../../tools/stack/rabbitmq-source.ts';
import { PrivateStack, type Part } from '../../../tools/stack/stack.ts';
import { readState, type StackAddresses } from '../../../tools/stack/state.ts';

/** The PostgreSQL and the RabbitMQ of the chaos run's own: killed by `kill -9`, stopped in an orderly way, started again. */
export class ChaosStack {
  private readonly stack: PrivateStack;
  readonly addresses: StackAddresses;

  private constructor(stack: PrivateStack, addresses: StackAddresses) {
    this.stack = stack;
    this.addresses = addresses;
  }

  /** Idempotent, and repairs what a scenario before has left broken. */
  static async up(folder: string): Promise<ChaosStack> {
    const stack = new PrivateStack(folder);
    return new ChaosStack(stack, await stack.up());
  }

  get postgres(): Part {
    return this.stack.postgres;
  }

  get rabbitmq(): Part {
    return this.stack.rabbitmq;
  }

  /** What an operator of the broker types. @throws Error with its words */
  async rabbitmqctl(...words: string[]): Promise<string> {
    const { folder } = this.stack;
    const { ports, rabbitSource } = readState(folder);
    if (rabbitSource === undefined || rabbitSource.kind === 'docker')
      throw new Error('This scenario needs RabbitMQ installed on this machine, not a container.');
    const ctl = join(dirname(rabbitSource.server), 'rabbitmqctl');
    const path = rabbitSource.kind === 'unpacked' ? unpackedEnvironment() : { PATH: systemPath() };
    const home = join(folder, 'rabbitmq', 'home');
    const own = { HOME: home, LANG: 'C.UTF-8', ERL_EPMD_ADDRESS: '127.0.0.1', ERL_EPMD_PORT: String(ports.epmd) };
    const args = ['-n', 'ponte@localhost', ...words];
    return runOrFail(`rabbitmqctl ${words[0]} was refused.`, ctl, args, { cwd: home, env: { ...path, ...own } });
  }

  /** Everything the broker has written to its log. */
  async brokerLog(): Promise<string> {
    const folder = join(this.stack.folder, 'rabbitmq', 'log');
    const files = readdirSync(folder).filter((name) => name.endsWith('.log'));
    return files.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n');
  }
}
