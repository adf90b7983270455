import {
  effects,
  flowing,
  messagesIn,
  pausedFor,
  relayReport,
  startCalm,
  until,
  weighed,
} from '../harness/movements.ts';
import { CONNECTOR_QUEUE } from '../harness/broker-desk.ts';
import { openTitles, step } from '../harness/erp-steps.ts';
import { holdIntake } from '../harness/hold-intake.ts';
import type { Scenario } from '../harness/scenario.ts';

const TITLES = 40;

export const scenario: Scenario = {
  name: 'memory-alarm',
  rows: [18, 24],
  says: 'A memory alarm stops publishers and not acknowledgements: the reader waits, alive, and the connector drains its queue.',
  minutes: 4,
  alone: true,
  async run(chaos) {
    const stack = await chaos.stack();
    const world = await chaos.world();
    await startCalm(world);
    const titles = await openTitles(world, TITLES);
    await effects(world, TITLES);
    // Events are in the connector's hands, unacknowledged, when the alarm comes; more rows are written during it.
    const held = await holdIntake(world);
    await step(world, { titles, perTitle: 2 });
    await until(held.isWaitedFor);
    await stack.rabbitmqctl('set_vm_memory_high_watermark', '0.00001');
    try {
      await step(world, { titles, perTitle: 2 });
      const reason = await pausedFor(world, 'broker-blocked');
      await held.release();
      await until(async () => (await messagesIn(world, CONNECTOR_QUEUE)) === 0);
      await effects(world, TITLES * 3);
      const { backlog } = await relayReport(world);
      const broken = await healthOf(['erp-outbox-reader', 'customerx-connector', 'audit']);
      if (backlog.waiting === 0) broken.push('everything was published in spite of the alarm');
      await stack.rabbitmqctl('set_vm_memory_high_watermark', '0.4');
      await flowing(world);
      return await weighed(world, { rising: titles, broken, note: `${backlog.waiting} rows waited: ${reason}` });
    } finally {
      await stack.rabbitmqctl('set_vm_memory_high_watermark', '0.4');
    }

    /** A restart would heal nothing: liveness says so. */
    async function healthOf(apps: ('erp-outbox-reader' | 'customerx-connector' | 'audit')[]): Promise<string[]> {
      const answers = await Promise.all(apps.map((app) => fetch(`${world.opsUrl(app)}/health/live`)));
      return answers.flatMap(({ status }, at) => (status === 200 ? [] : [`${apps[at]} says it is not alive`]));
    }
  },
};
