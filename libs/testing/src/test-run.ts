/**
 * One run of the tests, however many processes it takes: `<start in seconds, base 36>_<number of its process>`.
 * Databases and vhosts carry it in their names, so that the run's end, or a later run, can remove what was left.
 */
export function testRun(): string {
  return process.env.PONTE_TEST_RUN ?? newTestRun(process.ppid);
}

export function newTestRun(pid = process.pid): string {
  return `${Math.floor(Date.now() / 1000).toString(36)}_${pid}`;
}

const prefix = 'ponte_test_';
const longestRunSeconds = 3 * 60 * 60;

export function testName(run: string, what: string): string {
  return `${prefix}${run}_${what}`;
}

/** Of this run, or of one that began so long ago that it cannot still be going. */
export function isLeftOver(name: string, run: string, nowSeconds = Date.now() / 1000): boolean {
  if (!name.startsWith(prefix)) return false;
  const [start] = name.slice(prefix.length).split('_');
  return name.startsWith(testName(run, '')) || nowSeconds - Number.parseInt(start ?? '', 36) > longestRunSeconds;
}
