import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { usualPorts, type StackPorts } from './ports.ts';
import type { ProcessMark } from './processes.ts';

export type RabbitSource = { kind: 'installed' | 'unpacked' | 'docker'; server: string };

/** What a stack must remember between commands; one file, readable by its owner only because it holds the passwords. */
export type StackState = {
  ports: StackPorts;
  secrets: Record<string, string>;
  processes: { postgres?: ProcessMark; epmd?: ProcessMark; rabbitmq?: ProcessMark };
  rabbitSource?: RabbitSource;
  addresses?: StackAddresses;
  /** `up` was asked for: the stack stays when the commands that borrowed it are done. */
  kept?: boolean;
  /** Loans of commands that use it right now. */
  borrowers?: Borrower[];
};

/** One loan; a process may hold several. */
export type Borrower = { loan: string; holder: ProcessMark };

/** Every URL carries its user and password. Admin ones may create databases, roles, vhosts and users. */
export type StackAddresses = {
  adminDatabaseUrl: string;
  /** The ordinary role that owns the databases of tests. */
  testDatabaseUrl: string;
  amqpUrl: string;
  managementUrl: string;
  adminManagementUrl: string;
  prometheusUrl: string | undefined;
};

export function readState(folder: string): StackState {
  const file = join(folder, 'state.json');
  if (!existsSync(file)) return { ports: { ...usualPorts }, secrets: {}, processes: {} };
  return JSON.parse(readFileSync(file, 'utf8')) as StackState;
}

/** Whole or not at all: readers in other processes never see half a file. */
export function writeState(folder: string, state: StackState): void {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'state.json');
  writeFileSync(`${file}.new`, `${JSON.stringify(state, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** Made at first use, the same ever after. Letters and digits only: it goes into URLs and SQL as it is. */
export function secret(state: StackState, name: string, make: () => string = randomPassword): string {
  return (state.secrets[name] ??= make());
}

function randomPassword(): string {
  return randomBytes(24).toString('hex');
}
