import { expect, it } from '@jest/globals';
import { countLine, countTests } from './test-counts.ts';

const result = {
  numPassedTests: 4,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  numRuntimeErrorTestSuites: 0,
};

it('says what passed and failed', () => {
  expect(countLine(countTests(result))).toBe('4 passed, 0 failed');
});

it('says what was skipped only when something was', () => {
  const counts = countTests({ ...result, numPendingTests: 1, numTodoTests: 1 });
  expect(countLine(counts)).toBe('4 passed, 0 failed, 2 skipped');
});

it('counts a file that does not load as a failure', () => {
  expect(countLine(countTests({ ...result, numRuntimeErrorTestSuites: 1 }))).toBe('4 passed, 1 failed');
});
