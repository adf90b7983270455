import { expect, it } from '@jest/globals';
import { eventually } from './eventually.js';

it('gives the first answer that is not false', async () => {
  const answers = [false, false, 'here'];
  expect(await eventually(() => answers.shift())).toBe('here');
});

it('asks again after an error', async () => {
  let asked = 0;
  await eventually(() => {
    asked += 1;
    expect(asked).toBe(3);
  });
  expect(asked).toBe(3);
});

it('fails with the last error of the probe', async () => {
  let asked = 0;
  const probe = () => Promise.reject(new Error(`no. ${(asked += 1)}`));
  const failure = await eventually(probe, { withinMs: 60, everyMs: 5 }).catch((error: Error) => error.message);
  expect(asked).toBeGreaterThan(2);
  expect(failure).toBe(`no. ${asked}`);
});

it('fails when the answer stays false', async () => {
  await expect(eventually(() => false, { withinMs: 20 })).rejects.toThrow('false to the end');
});
