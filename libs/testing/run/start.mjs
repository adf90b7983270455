/** Jest calls this once, before its workers start: they inherit the name of the run. */
import './source.mjs';

const { newTestRun } = await import('../src/test-run.ts');

export default function start() {
  process.env.PONTE_TEST_RUN ??= newTestRun();
}
