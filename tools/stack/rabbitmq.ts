import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { withoutSpaces } from './paths.ts';
import { accepts, freePorts, waitUntilFree, type StackPorts } from './ports.ts';
import { endProcess, isRunning, markOf, processesStartedWith, signalProcess, waitUntilGone } from './processes.ts';
import { systemPath, unpackedEnvironment } from './rabbitmq-source.ts';
import { adminAuthorization, brokerSettings, enabledPlugins } from './rabbitmq-settings.ts';
import { lastLines } from '../run.ts';
import { secret, writeState, type RabbitSource, type StackState } from './state.ts';

/**
 * A private node with an epmd of its own, started, stopped and repaired by its folder. Both marks are kept in the
 * stack's state from the moment of the start, so that a broken `up` leaves nothing that `down` does not find.
 */
export class RabbitNode {
  private readonly stackFolder: string;
  private readonly state: StackState;
  private readonly source: RabbitSource;

  constructor(stackFolder: string, state: StackState, source: RabbitSource) {
    this.stackFolder = stackFolder;
    this.state = state;
    this.source = source;
  }

  running(): boolean {
    const { epmd, rabbitmq } = this.state.processes;
    return isRunning(epmd) && isRunning(rabbitmq);
  }

  /** Connections and the management API answer after. Throws with the end of the log when it does not come up in 2 minutes. */
  async start(): Promise<void> {
    if (this.running()) return this.waitUntilReady();
    await this.endLeftovers();
    await this.choosePorts();
    this.writeSettings();
    await this.startEpmd();
    this.launch('rabbitmq', this.source.server, [], 'startup.log');
    await this.waitUntilReady();
  }

  /** Queues and messages are on disk when it returns; epmd is gone too. */
  async stop(): Promise<void> {
    await endProcess(this.state.processes.rabbitmq, 30_000);
    await this.endLeftovers();
  }

  /** As if the machine had lost it: `kill -9` of the node. Its epmd stays, like on a real machine. */
  async kill(): Promise<void> {
    const { rabbitmq } = this.state.processes;
    if (rabbitmq === undefined) return;
    signalProcess(rabbitmq, 'SIGKILL');
    await waitUntilGone(rabbitmq, 5_000);
  }

  wipe(): void {
    rmSync(join(this.stackFolder, 'rabbitmq'), { recursive: true, force: true });
  }

  /** Whatever was started for this folder and still runs: the epmd, and what a killed `up` did not write down. */
  private async endLeftovers(): Promise<void> {
    const { epmd, rabbitmq } = this.state.processes;
    const marked = [rabbitmq, epmd].filter((mark) => mark !== undefined);
    for (const mark of [...marked, ...processesStartedWith(this.sign())]) await endProcess(mark, 3_000);
    delete this.state.processes.epmd;
    delete this.state.processes.rabbitmq;
    writeState(this.stackFolder, this.state);
    await waitUntilFree([this.ports.amqp, this.ports.distribution, this.ports.epmd], 10_000);
  }

  private async choosePorts(): Promise<void> {
    const { amqp, management, prometheus, distribution, epmd } = this.ports;
    Object.assign(this.ports, await freePorts({ amqp, management, prometheus, distribution, epmd }));
    writeState(this.stackFolder, this.state);
  }

  private async startEpmd(): Promise<void> {
    const { epmd } = this.ports;
    this.launch('epmd', 'epmd', ['-port', String(epmd), '-address', '127.0.0.1'], 'epmd.log');
    for (let waited = 0; !(await accepts(epmd)); waited += 50) {
      if (waited > 10_000) throw new Error(this.whyItDidNotStart('epmd.log'));
      await sleep(50);
    }
  }

  private launch(name: 'epmd' | 'rabbitmq', program: string, args: string[], logName: string): void {
    const log = openSync(this.inHome('log', logName), 'a');
    const env = this.environment();
    const child = spawn(program, args, { cwd: this.inHome(), env, detached: true, stdio: ['ignore', log, log] });
    child.on('error', () => undefined); // seen by the wait that follows
    child.unref();
    const mark = child.pid === undefined ? undefined : markOf(child.pid);
    if (mark !== undefined) this.state.processes[name] = mark;
    writeState(this.stackFolder, this.state);
  }

  private async waitUntilReady(): Promise<void> {
    const overview = `http://127.0.0.1:${this.ports.management}/api/overview`;
    const authorization = adminAuthorization(secret(this.state, 'broker.admin'));
    for (const deadline = Date.now() + 120_000; ; await sleep(100)) {
      const answer = await fetch(overview, { headers: { authorization } }).catch(() => undefined);
      if (answer?.ok && (await accepts(this.ports.amqp))) return;
      if (!this.running() || Date.now() > deadline) throw new Error(this.whyItDidNotStart('startup.log'));
    }
  }

  private writeSettings(): void {
    for (const folder of ['log', 'data', 'home'])
      mkdirSync(join(this.stackFolder, 'rabbitmq', folder), { recursive: true });
    const cookie = this.inHome('home', '.erlang.cookie');
    if (!existsSync(cookie)) writeFileSync(cookie, randomBytes(20).toString('hex'), { mode: 0o400 });
    writeFileSync(this.inHome('rabbitmq.conf'), brokerSettings(this.ports, secret(this.state, 'broker.admin')), {
      mode: 0o600,
    });
    writeFileSync(this.inHome('enabled_plugins'), enabledPlugins);
  }

  /** Nothing of the caller's own environment gets in, and nothing of a broker the machine may already have. */
  private environment(): Record<string, string> {
    const [setting, value] = this.sign().split('=') as [string, string];
    return {
      PATH: systemPath(),
      ...(this.source.kind === 'unpacked' ? unpackedEnvironment() : {}),
      [setting]: value,
      HOME: this.inHome('home'),
      LANG: 'C.UTF-8',
      detached: 'true', // the start script becomes the node instead of waiting beside it
      ERL_EPMD_ADDRESS: '127.0.0.1',
      ERL_EPMD_PORT: String(this.ports.epmd),
      RABBITMQ_NODENAME: 'ponte@localhost',
      RABBITMQ_NODE_PORT: String(this.ports.amqp),
      RABBITMQ_DIST_PORT: String(this.ports.distribution),
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
      RABBITMQ_MNESIA_BASE: this.inHome('data'),
      RABBITMQ_LOG_BASE: this.inHome('log'),
      RABBITMQ_PID_FILE: this.inHome('node.pid'),
      RABBITMQ_ENABLED_PLUGINS_FILE: this.inHome('enabled_plugins'),
      RABBITMQ_CONFIG_FILE: this.inHome('rabbitmq.conf'),
      RABBITMQ_ADVANCED_CONFIG_FILE: this.inHome('advanced.config'),
      RABBITMQ_CONF_ENV_FILE: this.inHome('rabbitmq-env.conf'),
    };
  }

  private whyItDidNotStart(logName: string): string {
    const log = this.inHome('log', logName);
    return `RabbitMQ did not start. The end of ${log}:\n${existsSync(log) ? lastLines(readFileSync(log, 'utf8')) : '(empty)'}`;
  }

  private get ports(): StackPorts {
    return this.state.ports;
  }

  private sign(): string {
    return `PONTE_STACK_OF=${this.stackFolder}`;
  }

  private inHome(...parts: string[]): string {
    return join(withoutSpaces(this.stackFolder), 'rabbitmq', ...parts);
  }
}
