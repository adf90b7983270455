import { chownSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findPostgresPlace, preparePostgresPlace, type PostgresPlace } from './postgres-files.ts';
import { accepts, freePorts } from './ports.ts';
import { endProcess, isRunning, markOf, signalProcess, waitUntilGone, type ProcessMark } from './processes.ts';
import { lastLines, runOrFail, runQuietly } from '../run.ts';
import { secret, writeState, type StackState } from './state.ts';

export const adminRole = 'ponte_admin';

/** Durable like a server that matters (fsync as it comes): figures measured on it are honest. */
const settings = (port: number) => `
listen_addresses = '127.0.0.1'
port = ${port}
unix_socket_directories = ''
wal_level = logical
max_connections = 300
max_wal_size = '2GB'
shared_buffers = '256MB'
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %d '
`;

/** One private server: started, found, stopped and repaired by its folder. */
export class PostgresServer {
  private readonly stackFolder: string;
  private readonly state: StackState;
  private readonly place: PostgresPlace;

  constructor(stackFolder: string, state: StackState) {
    this.stackFolder = stackFolder;
    this.state = state;
    this.place = findPostgresPlace(stackFolder);
  }

  /** The running server, whoever started it; undefined when none runs on this folder. */
  running(): ProcessMark | undefined {
    const pidFile = this.inHome('data', 'postmaster.pid');
    if (!existsSync(pidFile)) return undefined;
    const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
    return this.isOurs(pid) ? markOf(pid) : undefined;
  }

  /** Creates the data folder when there is none; survives what a killed server left behind. Accepts connections after. */
  async start(): Promise<void> {
    if (this.running() !== undefined) return;
    preparePostgresPlace(this.place);
    if (!existsSync(this.inHome('data', 'ponte.conf'))) await this.createData();
    rmSync(this.inHome('data', 'postmaster.pid'), { force: true });
    this.state.ports.postgres = (await freePorts({ postgres: this.state.ports.postgres })).postgres;
    writeState(this.stackFolder, this.state);
    this.writeAsOwner(this.inHome('data', 'ponte.conf'), settings(this.state.ports.postgres));
    await this.startServer();
    if (!(await accepts(this.state.ports.postgres))) throw new Error(this.whyItDidNotStart());
  }

  /** Open transactions are rolled back and everything committed is on disk. */
  async stop(): Promise<void> {
    const mark = this.running();
    if (mark === undefined) return;
    signalProcess(mark, 'SIGINT');
    if (!(await waitUntilGone(mark, 20_000))) await endProcess(mark, 0);
  }

  /** As if the machine had lost it: every connection breaks at once, recovery runs at the next start. */
  async kill(): Promise<void> {
    const mark = this.running();
    if (mark === undefined) return;
    signalProcess(mark, 'SIGKILL');
    await waitUntilGone(mark, 5_000);
  }

  wipe(): void {
    rmSync(this.place.home, { recursive: true, force: true });
  }

  private async createData(): Promise<void> {
    rmSync(this.inHome('data'), { recursive: true, force: true });
    const passwordFile = this.inHome('password');
    this.writeAsOwner(passwordFile, secret(this.state, 'database.admin'));
    const args = ['-D', this.inHome('data'), '-U', adminRole, '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
    const locale = ['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'];
    try {
      await runOrFail(
        'PostgreSQL could not create its data.',
        this.program('initdb'),
        [...args, ...locale],
        this.asUser(),
      );
    } finally {
      rmSync(passwordFile, { force: true });
    }
    const main = this.inHome('data', 'postgresql.conf');
    this.writeAsOwner(main, `${readFileSync(main, 'utf8')}\ninclude 'ponte.conf'\n`);
  }

  /** A killed server's children need a moment to notice; until then the shared memory is not given up. */
  private async startServer(): Promise<void> {
    const args = ['-D', this.inHome('data'), '-l', this.inHome('postgres.log'), '-w', '-t', '120', 'start'];
    for (let attempt = 1; ; attempt += 1) {
      const result = await runQuietly(this.program('pg_ctl'), args, this.asUser());
      if (result.code === 0) return;
      if (attempt === 10 || !this.log().includes('shared memory block')) throw new Error(this.whyItDidNotStart());
      await sleep(500);
    }
  }

  /** A number in an old file may meanwhile belong to somebody else's program, or to nobody. */
  private isOurs(pid: number): boolean {
    const mark = markOf(pid);
    if (!isRunning(mark)) return false;
    if (process.platform !== 'linux') return true;
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(this.inHome('data'));
  }

  private whyItDidNotStart(): string {
    return `PostgreSQL did not start. The end of ${this.inHome('postgres.log')}:\n${lastLines(this.log())}`;
  }

  private log(): string {
    return existsSync(this.inHome('postgres.log')) ? readFileSync(this.inHome('postgres.log'), 'utf8') : '';
  }

  private writeAsOwner(file: string, text: string): void {
    writeFileSync(file, text, { mode: 0o600 });
    const { user } = this.place;
    if (user !== undefined) chownSync(file, user.uid, user.gid);
  }

  private asUser() {
    return { ...this.place.user, cwd: this.place.home, env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' } };
  }

  private program(name: string): string {
    return join(this.place.bin, name);
  }

  private inHome(...parts: string[]): string {
    return join(this.place.home, ...parts);
  }
}
