import { APPS, type AppName, type World } from '../../world/world.ts';
import type { FaultProxy } from './fault-proxy.ts';
import { integrateCompany } from './movements.ts';
import type { Chaos } from './scenario.ts';

/** Everything up and company 1 integrated, with a fault proxy between one app and the server this setting names. */
export async function startBehindProxy(
  chaos: Chaos,
  app: Exclude<AppName, 'sandbox'>,
  setting: 'AMQP_URL' | 'DATABASE_URL' | 'ERP_DATABASE_URL' = 'AMQP_URL',
): Promise<{ world: World; proxy: FaultProxy }> {
  const world = await chaos.world();
  const url = world.settingsOf(app)[setting]!;
  const proxy = await chaos.proxy(url);
  await world.start('sandbox');
  const others = APPS.filter((name) => name !== 'sandbox');
  await Promise.all(
    others.map((name) => world.start(name, name, name === app ? { [setting]: proxy.through(url) } : {})),
  );
  await integrateCompany(world);
  return { world, proxy };
}
