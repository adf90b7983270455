import { takeTurns, type Say } from '../measure/rounds.ts';
import { ratioOf, type Series } from '../measure/statistics.ts';
import { queuesRound } from './graphile-queues.ts';
import { engineRound, type LanesShape } from './ponte-engine.ts';

export interface EngineForm {
  shapes: readonly LanesShape[];
  rounds: number;
  say: Say;
}

export interface ShapeFigures extends LanesShape {
  ponteAtOne: Series;
  ponteAtFive: Series;
  /** In strict order per queue, as a lane is. */
  graphileWorkerInOrder: Series;
  /** Its fastest settings, which keep no order within a named queue. */
  graphileWorkerBatched: Series;
  batchedJobsOutOfOrder: number;
  ratioAtOne: Series;
  ratioAtFive: Series;
  ratioAtOneInOrder: Series;
  ratioAtFiveInOrder: Series;
}

export interface Ratios {
  ratioAtOne: number;
  ratioAtFive: number;
}

export interface EngineFigures {
  shapes: ShapeFigures[];
  /** To its fastest settings, the worst of all shapes for us. */
  ratioToGraphileWorkerQueues: Ratios;
  /** To the settings that keep what is compared: order. */
  ratioToGraphileWorkerQueuesInOrder: Ratios;
}

/** Deliveries waiting on lanes, claimed, called and settled with nothing to call; fresh databases each round. */
export async function measureEngine({ shapes, rounds, say }: EngineForm): Promise<EngineFigures> {
  const figures: ShapeFigures[] = [];
  for (const shape of shapes) {
    say(`engine: ${shape.lanes} lanes × ${shape.each}`);
    figures.push(await measureShape(shape, rounds, say));
  }
  const worst = (ratio: 'ratioAtOne' | 'ratioAtFive' | 'ratioAtOneInOrder' | 'ratioAtFiveInOrder') =>
    Math.min(...figures.map((one) => one[ratio].median));
  return {
    shapes: figures,
    ratioToGraphileWorkerQueues: { ratioAtOne: worst('ratioAtOne'), ratioAtFive: worst('ratioAtFive') },
    ratioToGraphileWorkerQueuesInOrder: {
      ratioAtOne: worst('ratioAtOneInOrder'),
      ratioAtFive: worst('ratioAtFiveInOrder'),
    },
  };
}

async function measureShape(shape: LanesShape, rounds: number, say: Say): Promise<ShapeFigures> {
  let batchedJobsOutOfOrder = 0;
  const { ponteAtOne, ponteAtFive, graphileWorkerInOrder, graphileWorkerBatched } = await takeTurns(
    {
      ponteAtOne: () => engineRound(shape, 1),
      ponteAtFive: () => engineRound(shape, 5),
      graphileWorkerInOrder: async () => {
        const { rate, outOfOrder } = await queuesRound(shape, 'in-order');
        if (outOfOrder > 0) throw new Error(`${outOfOrder} jobs out of order where none may be`);
        return rate;
      },
      graphileWorkerBatched: async () => {
        const { rate, outOfOrder } = await queuesRound(shape, 'batched');
        batchedJobsOutOfOrder += outOfOrder;
        return rate;
      },
    },
    { rounds, unit: '/s', say },
  );
  return {
    ...shape,
    ponteAtOne,
    ponteAtFive,
    graphileWorkerInOrder,
    graphileWorkerBatched,
    batchedJobsOutOfOrder,
    ratioAtOne: ratioOf(ponteAtOne, graphileWorkerBatched),
    ratioAtFive: ratioOf(ponteAtFive, graphileWorkerBatched),
    ratioAtOneInOrder: ratioOf(ponteAtOne, graphileWorkerInOrder),
    ratioAtFiveInOrder: ratioOf(ponteAtFive, graphileWorkerInOrder),
  };
}
