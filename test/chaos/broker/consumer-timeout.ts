import { effects, messagesIn, startCalm, until, weighed } from '../harness/movements.ts';
import { CONNECTOR_DEAD } from '../harness/broker-desk.ts';
import { openTitles, step } from '../harness/erp-steps.ts';
import { holdIntake } from '../harness/hold-intake.ts';
import type { Scenario } from '../harness/scenario.ts';

const TITLES = 40;
const USUAL_MS = { timeout: 1_800_000, tick: 60_000 };

export const scenario: Scenario = {
  name: 'consumer-timeout',
  rows: [25],
  says: 'When the broker closes the channel of a connector that takes too long, what it held comes again and is taken in once.',
  minutes: 4,
  alone: true,
  async run(chaos) {
    const stack = await chaos.stack();
    const setTimes = ({ timeout, tick }: typeof USUAL_MS) =>
      stack.rabbitmqctl(
        'eval',
        `application:set_env(rabbit, consumer_timeout, ${timeout}), application:set_env(rabbit, channel_tick_interval, ${tick}).`,
      );
    await setTimes({ timeout: 2_000, tick: 500 });
    try {
      const world = await chaos.world();
      await startCalm(world);
      const titles = await openTitles(world, TITLES);
      await effects(world, TITLES);
      const held = await holdIntake(world);
      await step(world, { titles, perTitle: 3, ratePerSecond: 300 });
      await until(held.isWaitedFor);
      const closed = await until(async () => (await stack.brokerLog()).includes('Timeout value used'));
      await held.release();
      const finding = await weighed(world, { rising: titles });
      const dead = await messagesIn(world, CONNECTOR_DEAD);
      const broken = [...(closed ? [] : ['no channel was closed']), ...(dead > 0 ? [`${dead} dead letters`] : [])];
      return { ...finding, broken: [...finding.broken!, ...broken] };
    } finally {
      await setTimes(USUAL_MS);
    }
  },
};
