import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startChildApp } from '#libs/testing';
import { World } from '../world/world.ts';
import { FAULT_ACTIONS, FAULT_PLACES, nameOf, SHORT_CELLS } from './fault-cell.ts';
import { FaultWorld } from './fault-world.ts';
import { complaintsOf, runCell } from './matrix.ts';

describe('the matrix of faults, in short', () => {
  let world: World;
  let faults: FaultWorld;

  beforeAll(async () => {
    world = await World.prepare();
    faults = await FaultWorld.open(world);
  }, 400_000);

  afterAll(() => world?.close(), 60_000);

  it('strikes at every point, and in every way', () => {
    const struck = new Set(SHORT_CELLS.map(({ app, point }) => `${app} ${point}`));
    expect(struck).toEqual(new Set(FAULT_PLACES.map(({ app, point }) => `${app} ${point}`)));
    expect(new Set(SHORT_CELLS.map(({ action }) => action))).toEqual(new Set(FAULT_ACTIONS));
  });

  it.each(SHORT_CELLS.map((cell) => [nameOf(cell), cell] as const))(
    'loses, doubles and reorders nothing: %s',
    async (_name, cell) => {
      expect(complaintsOf(await runCell(faults, cell))).toEqual([]);
    },
    400_000,
  );

  it('leaves every title as the ERP has it', async () => {
    expect(await world.compare('1', faults.account)).toEqual([]);
  });
});

it('is not to be had in production: an app with a fault point does not start', async () => {
  const starting = startChildApp({
    app: 'erp-outbox-reader',
    env: { NODE_ENV: 'production', FAULT_POINT: 'after-read-before-publish:kill' },
  });
  await expect(starting).rejects.toThrow(/FAULT_POINT +must not be set in production/);
});
