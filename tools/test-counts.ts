/** What jest writes with --json, as far as the counts need it. */
export type JestResult = {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  /** Files that broke before any of their tests ran. */
  numRuntimeErrorTestSuites: number;
};

export type TestCounts = { passed: number; failed: number; skipped: number };

/** A file that does not even load is a failure of its own: its tests are in no other count. */
export function countTests(result: JestResult): TestCounts {
  return {
    passed: result.numPassedTests,
    failed: result.numFailedTests + result.numRuntimeErrorTestSuites,
    skipped: result.numPendingTests + result.numTodoTests,
  };
}

export function countLine({ passed, failed, skipped }: TestCounts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
