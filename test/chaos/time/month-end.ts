import type { Scenario } from '../harness/scenario.ts';
import { askBuilt } from './built/ask-built.ts';

export const scenario: Scenario = {
  name: 'month-end',
  rows: [64],
  says: 'The last day of any month is followed by the first: no window is left out, and a holiday is no business day.',
  run: () => askBuilt('month-end.ts'),
};
