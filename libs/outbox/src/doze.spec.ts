import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from '@jest/globals';
import { Doze } from './doze.js';

const LONG_MS = 60_000;

it('sleeps until it is woken', async () => {
  const doze = new Doze();
  const asleep = doze.wait(LONG_MS);
  doze.wake();
  await asleep;
});

it('does not sleep when it was woken beforehand, and once only', async () => {
  const doze = new Doze();
  doze.wake();
  await doze.wait(LONG_MS);
  const begunAt = performance.now();
  await doze.wait(30);
  expect(performance.now() - begunAt).toBeGreaterThan(25);
});

it('keeps nothing of a wait that ended by its time', async () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const usedBytes = () => {
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  const doze = new Doze();
  const waits = async (count: number) => {
    for (let n = 0; n < count; n += 1) await doze.wait(0);
  };
  await waits(200);
  const before = usedBytes();
  await waits(3_000);
  expect(usedBytes() - before).toBeLessThan(3_000 * 80);
});
