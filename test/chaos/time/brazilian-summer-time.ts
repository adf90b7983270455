import type { Scenario } from '../harness/scenario.ts';
import { askBuilt } from './built/ask-built.ts';

export const scenario: Scenario = {
  name: 'brazilian-summer-time',
  rows: [60],
  says: 'On the weekends the clocks of Brazil changed each local time opens one window: a skipped one after the gap, a repeated one the first time.',
  run: () => askBuilt('brazilian-summer-time.ts'),
};
