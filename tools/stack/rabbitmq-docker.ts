import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { accepts, freePorts, type StackPorts } from './ports.ts';
import { adminAuthorization, brokerSettings, enabledPlugins } from './rabbitmq-settings.ts';
import { lastLines, runOrFail, runQuietly } from '../run.ts';
import { secret, writeState, type RabbitSource, type StackState } from './state.ts';

/** The same private broker in a container, for machines that can have it no other way. Ports are published on loopback. */
export class RabbitContainer {
  private readonly stackFolder: string;
  private readonly state: StackState;
  private readonly source: RabbitSource;
  private readonly name: string;

  constructor(stackFolder: string, state: StackState, source: RabbitSource) {
    this.stackFolder = stackFolder;
    this.state = state;
    this.source = source;
    this.name = `ponte-rabbitmq-${createHash('sha256').update(stackFolder).digest('hex').slice(0, 12)}`;
  }

  async running(): Promise<boolean> {
    const answer = await runQuietly('docker', ['inspect', '--format', '{{.State.Running}}', this.name]);
    return answer.code === 0 && answer.output.trim() === 'true';
  }

  async start(): Promise<void> {
    if (await this.running()) return this.waitUntilReady();
    await runQuietly('docker', ['rm', '--force', this.name]);
    const { amqp, management, prometheus } = this.state.ports;
    Object.assign(this.state.ports, await freePorts({ amqp, management, prometheus }));
    writeState(this.stackFolder, this.state);
    await runOrFail('Docker could not start RabbitMQ.', 'docker', [
      ...['run', '--detach', '--name', this.name, '--hostname', 'ponte'],
      ...['--volume', `${this.name}:/var/lib/rabbitmq`, '--volume', `${this.writeSettings()}:/etc/rabbitmq`],
      ...this.publishedPorts(),
      this.source.server,
    ]);
    await this.waitUntilReady();
  }

  async stop(): Promise<void> {
    await runQuietly('docker', ['stop', '--time', '30', this.name]);
    await runQuietly('docker', ['rm', '--force', this.name]);
  }

  async kill(): Promise<void> {
    await runQuietly('docker', ['kill', this.name]);
  }

  async wipe(): Promise<void> {
    await runQuietly('docker', ['volume', 'rm', '--force', this.name]);
    rmSync(join(this.stackFolder, 'rabbitmq'), { recursive: true, force: true });
  }

  /** Inside the container every address is right: outside, only loopback leads there. */
  private writeSettings(): string {
    const folder = join(this.stackFolder, 'rabbitmq', 'etc');
    mkdirSync(folder, { recursive: true });
    const inside: StackPorts = { ...this.state.ports, amqp: 5672, management: 15672, prometheus: 15692 };
    const settings = brokerSettings(inside, secret(this.state, 'broker.admin')).replaceAll('127.0.0.1', '0.0.0.0');
    writeFileSync(join(folder, 'rabbitmq.conf'), settings);
    writeFileSync(join(folder, 'enabled_plugins'), enabledPlugins);
    return folder;
  }

  private publishedPorts(): string[] {
    const { amqp, management, prometheus } = this.state.ports;
    const pairs = [
      [amqp, 5672],
      [management, 15672],
      [prometheus, 15692],
    ];
    return pairs.flatMap(([outside, inside]) => ['--publish', `127.0.0.1:${outside}:${inside}`]);
  }

  private async waitUntilReady(): Promise<void> {
    const overview = `http://127.0.0.1:${this.state.ports.management}/api/overview`;
    const authorization = adminAuthorization(secret(this.state, 'broker.admin'));
    for (const deadline = Date.now() + 120_000; ; await sleep(200)) {
      const answer = await fetch(overview, { headers: { authorization } }).catch(() => undefined);
      if (answer?.ok && (await accepts(this.state.ports.amqp))) return;
      if (Date.now() > deadline || !(await this.running())) {
        const logs = await runQuietly('docker', ['logs', this.name]);
        throw new Error(`RabbitMQ did not start in Docker. Its last words:\n${lastLines(logs.output)}`);
      }
    }
  }
}
