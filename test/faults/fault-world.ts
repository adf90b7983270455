import { eventually, freePort, type ChildApp } from '#libs/testing';
import type { World } from '../world/world.ts';
import type { FaultCell, FaultPlace } from './fault-cell.ts';
import { isGone, isHalted } from './process-state.ts';

type FaultyApp = FaultPlace['app'];

const FAULTY: readonly FaultyApp[] = ['erp-outbox-reader', 'customerx-connector'];
/** The broker misses a halted process after twice this long, and not after 20 s. */
const HEARTBEAT_SECONDS = 4;
const START_AGAIN_WITHIN_MS = 60_000;
const STRUCK_WITHIN_MS = 60_000;
const LEADING_WITHIN_MS = 60_000;

/** More of an app's environment. */
export type Variables = Record<string, string>;

/** A world in which one process of the reader or the connector is armed, alone or among three. */
export class FaultWorld {
  readonly account = 'faults';
  readonly world: World;
  private readonly running = new Map<string, ChildApp>();

  private constructor(world: World) {
    this.world = world;
  }

  /** @param world prepared, not started; whoever prepared it closes it */
  static async open(world: World): Promise<FaultWorld> {
    const opened = new FaultWorld(world);
    await world.start('sandbox');
    await world.start('audit');
    for (const app of FAULTY) await opened.start(app);
    await world.openAccounts([opened.account]);
    const settings = { deadlineSeconds: 5, concurrency: 24, attempts: 20 };
    await world.integrate({ company: '1', account: opened.account, settings });
    // Calls that take a while, so that several are under way when one of them meets its end.
    await world.ask('sandbox', 'PUT', '/control/customerx/faults', { latencyMs: 15 });
    return opened;
  }

  /**
   * Starts one process of the cell's app armed, with two others beside it where it is to be one of three.
   * @param more of the armed process' environment
   */
  async arm(cell: FaultCell, more: Variables = {}): Promise<ChildApp> {
    const { app, action, pass, point, replicas } = cell;
    const armed = { ...more, FAULT_POINT: `${point}:${action}:${pass}` };
    // Whoever is first there leads: the armed one must be, before the others come.
    await this.end(cell.leads || replicas === 1 ? [app, ...othersOf(app)] : [app]);
    const process = await this.start(app, app, armed);
    if (cell.leads) await eventually(() => hasLed(process), { withinMs: LEADING_WITHIN_MS });
    const missing = replicas === 1 ? [] : othersOf(app).filter((name) => !this.running.has(name));
    for (const name of missing) await this.start(app, name);
    return process;
  }

  /** Resolves when the fault has struck: the process is gone, halted, or has thrown. @returns whether it ever did */
  async struck(process: ChildApp, cell: FaultCell): Promise<boolean> {
    const { action, point } = cell;
    const hasStruck = () => {
      if (!process.logs().includes(`fault point ${point} reached: ${action}`)) return false;
      return action === 'throw' || (action === 'kill' ? isGone(process.pid) : isHalted(process.pid));
    };
    const strikes = await eventually(hasStruck, { withinMs: STRUCK_WITHIN_MS }).catch(() => false);
    if (strikes && action === 'kill') await this.forget(cell.app);
    return strikes;
  }

  /** A process in the place of one that is gone. */
  async replace(app: FaultyApp): Promise<void> {
    await this.start(app);
  }

  /** Orderly, or not at all where it does not listen. */
  private async end(names: readonly string[]): Promise<void> {
    const there = names.filter((name) => this.running.has(name));
    await Promise.all(
      there.map(async (name) => {
        this.running.delete(name);
        await this.world.stop(name);
      }),
    );
  }

  private async forget(name: string): Promise<void> {
    this.running.delete(name);
    await this.world.kill(name);
  }

  private async start(app: FaultyApp, name: string = app, more: Variables = {}): Promise<ChildApp> {
    const amqp = new URL(this.world.settingsOf(app).AMQP_URL!);
    amqp.searchParams.set('heartbeat', String(HEARTBEAT_SECONDS));
    const environment: Variables = { NODE_ENV: 'test', AMQP_URL: amqp.href, ...more };
    if (name !== app) {
      environment.HTTP_PORT = String(await freePort());
      environment.OPS_PORT = String(await freePort());
    }
    // As whoever supervises it would: under load a first start may run out of patience with a server.
    const starting = () => this.world.start(app, name, environment);
    const process = await eventually(starting, { withinMs: START_AGAIN_WITHIN_MS, everyMs: 1_000 });
    this.running.set(name, process);
    return process;
  }
}

function othersOf(app: FaultyApp): string[] {
  return [`${app}-2`, `${app}-3`];
}

/** Each app has one relay that is led. */
function hasLed(process: ChildApp): boolean {
  return process.logs().some((line) => /"event":"(outcome-)?relay\.leading"/.test(line));
}
