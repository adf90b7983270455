import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { World } from '../world/world.ts';
import { BROKEN_BUILDS, breakSource, brokenBy, type BrokenBuild, type Mistake } from './broken-build.ts';
import { FaultWorld } from './fault-world.ts';
import { complaintsOf, NEVER_STRUCK, runCell } from './matrix.ts';

describe('a build with a mistake on purpose', () => {
  let world: World;
  let faults: FaultWorld;

  beforeAll(async () => {
    world = await World.prepare();
    faults = await FaultWorld.open(world);
  }, 400_000);

  afterAll(() => world?.close(), 60_000);

  it.each(Object.keys(BROKEN_BUILDS) as Mistake[])(
    'is found out by the matrix: %s',
    async (mistake) => {
      const { cell, finds }: BrokenBuild = BROKEN_BUILDS[mistake];
      const report = await runCell(faults, cell, { environment: brokenBy(mistake), mayLack: true });
      expect(report.broken).not.toContain(NEVER_STRUCK);
      expect(complaintsOf(report)).toContainEqual(expect.stringContaining(`: ${finds}: `));
      expect(report.balance.verdict.delivered).toBeGreaterThan(0);
    },
    400_000,
  );

  it('is not made where the source has changed, and says so', () => {
    const build: BrokenBuild = BROKEN_BUILDS['ack before commit'];
    expect(() => breakSource(build, 'channel.nack(batch.at(-1), true);')).toThrow('does not say exactly once');
  });
});
