import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '#libs/testing';
import { accepts, freePorts } from '../../../tools/stack/ports.ts';
import {
  endProcess,
  isRunning,
  markOf,
  signalProcess,
  waitUntilGone,
  type ProcessMark,
} from '../../../tools/stack/processes.ts';
import { obtainRabbit, systemPath, unpackedEnvironment } from '../../../tools/stack/rabbitmq-source.ts';
import { adminAuthorization } from '../../../tools/stack/rabbitmq-settings.ts';
import { lastLines } from '../../../tools/run.ts';
import type { RabbitSource } from '../../../tools/stack/state.ts';
import type { FaultProxy } from './fault-proxy.ts';

export type NodeNumber = 0 | 1 | 2;

/** Three RabbitMQ nodes joined, each of which may be killed and brought back. Apps come in by one door. */
export interface Cluster {
  /** `kill -9`. The door then leads to another node, as a load balancer's would. */
  kill(node: NodeNumber): Promise<void>;
  /** Resolves when the node answers again. */
  start(node: NodeNumber): Promise<void>;
  /** The management API of one node, as the administrator. */
  ask(node: NodeNumber, path: string): Promise<unknown>;
  /** The node that leads a queue of this vhost. */
  leaderOf(vhost: string, queue: string): Promise<NodeNumber>;
}

export interface ClosableCluster extends Cluster {
  /** By the door, without a vhost of its own. */
  url: string;
  managementUrl: string;
  close(): Promise<void>;
}

interface Doors {
  amqp: FaultProxy;
  management: FaultProxy;
}

const NODES: NodeNumber[] = [0, 1, 2];
const WITHIN_MS = 120_000;

/** @param openDoor in front of a server; its end is the caller's affair */
export async function openCluster(
  folder: string,
  openDoor: (target: string) => Promise<FaultProxy>,
): Promise<ClosableCluster> {
  const source = await obtainRabbit(() => undefined);
  if (source.kind === 'docker') throw new Error('A cluster needs RabbitMQ installed on this machine, not a container.');
  const nodes = new ThreeNodes(folder, source);
  try {
    await nodes.startAll();
    const doors = { amqp: await openDoor(nodes.amqp(0)), management: await openDoor(nodes.management(0)) };
    return new OneDoorCluster(nodes, doors);
  } catch (error) {
    await nodes.close();
    throw error;
  }
}

class OneDoorCluster implements ClosableCluster {
  readonly url: string;
  readonly managementUrl: string;
  private readonly nodes: ThreeNodes;
  private readonly doors: Doors;
  private entrance: NodeNumber = 0;

  constructor(nodes: ThreeNodes, doors: Doors) {
    this.nodes = nodes;
    this.doors = doors;
    this.url = doors.amqp.through(nodes.amqp(0));
    this.managementUrl = doors.management.through(nodes.management(0)).replace(/\/$/, '');
  }

  async kill(node: NodeNumber): Promise<void> {
    await this.nodes.kill(node);
    if (node === this.entrance) this.openTo(NODES.find((other) => this.nodes.isUp(other)) ?? node);
  }

  async start(node: NodeNumber): Promise<void> {
    await this.nodes.start(node);
    if (!this.nodes.isUp(this.entrance)) this.openTo(node);
  }

  ask(node: NodeNumber, path: string): Promise<unknown> {
    return this.nodes.ask(node, path);
  }

  /** The API tells it some seconds after an election. */
  leaderOf(vhost: string, queue: string): Promise<NodeNumber> {
    const leading = async () => {
      const { leader } = (await this.ask(this.entrance, `/queues/${vhost}/${queue}`)) as { leader?: string };
      const found = NODES.find((number) => leader === nameOf(number));
      if (found === undefined) throw new Error(`nobody is known to lead ${queue}`);
      return found;
    };
    return eventually(leading, { withinMs: WITHIN_MS, everyMs: 200 });
  }

  close(): Promise<void> {
    return this.nodes.close();
  }

  private openTo(node: NodeNumber): void {
    this.entrance = node;
    this.doors.amqp.pointAt(this.nodes.amqp(node));
    this.doors.management.pointAt(this.nodes.management(node));
  }
}

type Ports = Record<'epmd' | `${'amqp' | 'management' | 'distribution'}${NodeNumber}`, number>;

/** The nodes themselves: one epmd, one cookie, every port on loopback. */
class ThreeNodes {
  private readonly folder: string;
  private readonly source: RabbitSource;
  private readonly password = randomBytes(16).toString('hex');
  private readonly running = new Map<NodeNumber | 'epmd', ProcessMark>();
  private ports!: Ports;

  constructor(folder: string, source: RabbitSource) {
    this.folder = folder;
    this.source = source;
  }

  async startAll(): Promise<void> {
    this.ports = await choosePorts();
    mkdirSync(this.folder, { recursive: true });
    writeFileSync(this.inFolder('.erlang.cookie'), randomBytes(20).toString('hex'), { mode: 0o400 });
    this.launch('epmd', 'epmd', ['-port', String(this.ports.epmd), '-address', '127.0.0.1'], {});
    await eventually(() => accepts(this.ports.epmd), { withinMs: 10_000 });
    await this.start(0);
    await Promise.all([this.start(1), this.start(2)]);
    await eventually(() => this.areJoined(), { withinMs: WITHIN_MS, everyMs: 200 });
  }

  amqp(node: NodeNumber): string {
    return `amqp://admin:${this.password}@127.0.0.1:${this.ports[`amqp${node}`]}`;
  }

  management(node: NodeNumber): string {
    return `http://admin:${this.password}@127.0.0.1:${this.ports[`management${node}`]}`;
  }

  isUp(node: NodeNumber): boolean {
    return isRunning(this.running.get(node));
  }

  async start(node: NodeNumber): Promise<void> {
    this.writeSettings(node);
    this.launch(node, this.source.server, [], this.environment(node));
    const isReady = async () => {
      if (!this.isUp(node)) return 'ended' as const;
      await this.ask(node, '/overview');
      return (await accepts(this.ports[`amqp${node}`])) && ('ready' as const);
    };
    const found = await eventually(isReady, { withinMs: WITHIN_MS, everyMs: 100 });
    if (found === 'ended') throw new Error(`${nameOf(node)} ended:\n${lastLines(this.log(node))}`);
  }

  async kill(node: NodeNumber): Promise<void> {
    const mark = this.running.get(node);
    if (mark === undefined) return;
    signalProcess(mark, 'SIGKILL');
    await waitUntilGone(mark, 5_000);
  }

  async ask(node: NodeNumber, path: string): Promise<unknown> {
    const headers = { authorization: adminAuthorization(this.password) };
    const answer = await fetch(`http://127.0.0.1:${this.ports[`management${node}`]}/api${path}`, { headers });
    if (!answer.ok) throw new Error(`RabbitMQ refused GET ${path}: HTTP ${answer.status}`);
    return answer.json();
  }

  async close(): Promise<void> {
    const [epmd, ...nodes] = ['epmd' as const, ...NODES].map((each) => this.running.get(each));
    await Promise.all(nodes.map((mark) => endProcess(mark, 0)));
    await endProcess(epmd, 1_000);
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async areJoined(): Promise<boolean> {
    const nodes = (await this.ask(0, '/nodes')) as { running: boolean }[];
    return nodes.filter(({ running }) => running).length === NODES.length;
  }

  private launch(who: NodeNumber | 'epmd', program: string, args: string[], more: Record<string, string>): void {
    const log = openSync(this.inFolder(`${who}.log`), 'a');
    const own = { HOME: this.folder, LANG: 'C.UTF-8', PONTE_STACK_OF: this.folder };
    const path = this.source.kind === 'unpacked' ? unpackedEnvironment() : { PATH: systemPath() };
    const env = { ...path, ...own, ...more };
    const child = spawn(program, args, { cwd: this.folder, env, detached: true, stdio: ['ignore', log, log] });
    child.on('error', () => undefined); // seen by the wait that follows
    child.unref();
    const mark = child.pid === undefined ? undefined : markOf(child.pid);
    if (mark !== undefined) this.running.set(who, mark);
  }

  /** Nodes 1 and 2 join node 0 at their first start; after that each remembers the cluster. */
  private writeSettings(node: NodeNumber): void {
    const loopback = (listener: string, port: number) => `${listener}.ip = 127.0.0.1\n${listener}.port = ${port}`;
    const settings = [
      `listeners.tcp.1 = 127.0.0.1:${this.ports[`amqp${node}`]}`,
      loopback('management.tcp', this.ports[`management${node}`]),
      'default_user = admin',
      `default_pass = ${this.password}`,
      'default_user_tags.administrator = true',
      'cluster_formation.peer_discovery_backend = classic_config',
      `cluster_formation.classic_config.nodes.1 = ${nameOf(0)}`,
    ];
    mkdirSync(this.inFolder(`log${node}`), { recursive: true });
    writeFileSync(this.inFolder(`rabbitmq${node}.conf`), `${settings.join('\n')}\n`, { mode: 0o600 });
    writeFileSync(this.inFolder('enabled_plugins'), '[rabbitmq_management].\n');
  }

  private environment(node: NodeNumber): Record<string, string> {
    const onLoopback = '-kernel inet_dist_use_interface {127,0,0,1}';
    return {
      detached: 'true', // the start script becomes the node instead of waiting beside it
      ERL_EPMD_ADDRESS: '127.0.0.1',
      ERL_EPMD_PORT: String(this.ports.epmd),
      RABBITMQ_NODENAME: nameOf(node),
      RABBITMQ_NODE_PORT: String(this.ports[`amqp${node}`]),
      RABBITMQ_DIST_PORT: String(this.ports[`distribution${node}`]),
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: onLoopback,
      RABBITMQ_MNESIA_BASE: this.inFolder(`data${node}`),
      RABBITMQ_LOG_BASE: this.inFolder(`log${node}`),
      RABBITMQ_PID_FILE: this.inFolder(`node${node}.pid`),
      RABBITMQ_ENABLED_PLUGINS_FILE: this.inFolder('enabled_plugins'),
      RABBITMQ_CONFIG_FILE: this.inFolder(`rabbitmq${node}.conf`),
      RABBITMQ_ADVANCED_CONFIG_FILE: this.inFolder('advanced.config'),
      RABBITMQ_CONF_ENV_FILE: this.inFolder('rabbitmq-env.conf'),
    };
  }

  private log(node: NodeNumber): string {
    return readFileSync(this.inFolder(`${node}.log`), 'utf8');
  }

  private inFolder(name: string): string {
    return join(this.folder, name);
  }
}

function nameOf(node: NodeNumber): string {
  return `chaos${node}@localhost`;
}

/** Away from those of a stack, which looks for its own from 24369 on. */
function choosePorts(): Promise<Ports> {
  const wanted: Record<string, number> = { epmd: 30_369 };
  for (const node of NODES) {
    Object.assign(wanted, {
      [`amqp${node}`]: 30_501 + node,
      [`management${node}`]: 30_601 + node,
      [`distribution${node}`]: 30_701 + node,
    });
  }
  return freePorts(wanted) as Promise<Ports>;
}
