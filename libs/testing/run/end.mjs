/** Jest calls this once, after the last test file. */
import './source.mjs';

const { endOfRun } = await import('../src/end-of-run.ts');

export default async function end() {
  for (const line of await endOfRun(process.env.PONTE_TEST_RUN)) console.log(line);
}
