/**
 * How fast the engine alone is: ordered deliveries a second with a partner that answers at once, attempts and outcome
 * rows included, beside graphile-worker with a named queue for each lane.
 *
 *   npm run bench -- engine [--quick] [--rounds 5] [each=5]
 */
import { readForm, readNumber } from './measure/form.ts';
import { leavePart, say } from './measure/part.ts';
import { measureEngine } from './engine/measure-engine.ts';

const words = process.argv.slice(2);
const { quick, rounds } = readForm(words);
const each = readNumber(words, 'each', 5);
const shapes = quick
  ? [
      { lanes: 2_000, each },
      { lanes: 1_000, each: each * 2 },
    ]
  : [
      { lanes: 10_000, each },
      { lanes: 1_000, each: each * 4 },
    ];
const engine = await measureEngine({ shapes, rounds, say });
const { ratioToGraphileWorkerQueues: fastest, ratioToGraphileWorkerQueuesInOrder: inOrder } = engine;
say(`engine: ${fastest.ratioAtOne} × graphile-worker at one, ${fastest.ratioAtFive} × at five`);
say(`engine: ${inOrder.ratioAtOne} × and ${inOrder.ratioAtFive} × where it keeps order`);
leavePart({ engine });
