import { join } from 'node:path';
import { testEnvironment } from '../../../tools/stack/test-environment.ts';
import { APPS, World, type AppName, type WorldOptions } from '../../world/world.ts';
import { ChaosStack } from './chaos-stack.ts';
import { openCluster, type ClosableCluster } from './cluster.ts';
import { FaultProxy } from './fault-proxy.ts';
import type { Chaos } from './scenario.ts';

/** What one scenario opened, and its end. One process runs one scenario: where worlds are made is its environment. */
export class OpenChaos implements Chaos {
  private readonly worlds: World[] = [];
  private readonly proxies: FaultProxy[] = [];
  private readonly folder: string;
  private ownStack?: ChaosStack;
  private ownCluster?: ClosableCluster;
  readonly say: (line: string) => void;

  /** @param folder of the chaos run, where servers of its own live */
  constructor(folder: string, say: (line: string) => void) {
    this.folder = folder;
    this.say = say;
  }

  async world(options?: WorldOptions): Promise<World> {
    const world = await World.prepare(withCompileCache(options, join(this.folder, 'compiled')));
    this.worlds.push(world);
    return world;
  }

  async proxy(target: string): Promise<FaultProxy> {
    const proxy = await FaultProxy.open(target);
    this.proxies.push(proxy);
    return proxy;
  }

  async stack(): Promise<ChaosStack> {
    this.ownStack ??= await ChaosStack.up(join(this.folder, 'stack'));
    Object.assign(process.env, testEnvironment(this.ownStack.addresses));
    return this.ownStack;
  }

  async cluster(): Promise<ClosableCluster> {
    this.ownCluster ??= await openCluster(join(this.folder, 'cluster'), (target) => this.proxy(target));
    Object.assign(process.env, {
      PONTE_TEST_AMQP_URL: this.ownCluster.url,
      PONTE_TEST_MANAGEMENT_URL: this.ownCluster.managementUrl,
    });
    return this.ownCluster;
  }

  /** Apps first, while what they talk to is well again: they end in order. */
  async close(): Promise<void> {
    for (const proxy of this.proxies) proxy.heal();
    if (this.ownStack) await ChaosStack.up(join(this.folder, 'stack')).catch(() => undefined);
    const worlds = await Promise.allSettled(this.worlds.map((world) => world.close()));
    const proxies = await Promise.allSettled(this.proxies.map((proxy) => proxy.close()));
    await this.ownCluster?.close();
    const failure = [...worlds, ...proxies].find((result) => result.status === 'rejected');
    if (failure && !this.ownCluster) throw failure.reason;
  }
}

/** Apps are started over and over here, by the dozen: what Node has compiled once is kept for the run. */
function withCompileCache(options: WorldOptions = {}, folder: string): WorldOptions {
  const one = (app: AppName) => ({ NODE_COMPILE_CACHE: folder, ...options.environment?.[app] });
  const environment = Object.fromEntries(APPS.map((app) => [app, one(app)]));
  return { ...options, environment };
}
