import { effects, relayReport, until, weighed } from '../harness/movements.ts';
import { openTitles, step } from '../harness/erp-steps.ts';
import { startBehindProxy } from '../harness/behind-proxy.ts';
import type { Scenario } from '../harness/scenario.ts';

const TITLES = 40;

export const scenario: Scenario = {
  name: 'confirms-lost',
  rows: [11],
  says: 'What the broker took and could not confirm, since the way back was cut, is published again and has one effect.',
  async run(chaos) {
    const { world, proxy } = await startBehindProxy(chaos, 'erp-outbox-reader');
    const titles = await openTitles(world, TITLES);
    await effects(world, TITLES);
    proxy.cut('back');
    const moving = step(world, { titles, perTitle: 4 });
    const isWaiting = async () => {
      const { unconfirmed } = await relayReport(world);
      return unconfirmed >= TITLES / 4 && unconfirmed;
    };
    const unconfirmed = await until(isWaiting);
    proxy.heal();
    proxy.reset();
    await moving;
    return weighed(world, { rising: titles, note: `${unconfirmed} confirms lost` });
  },
};
