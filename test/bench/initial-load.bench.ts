/**
 * What an initial load of many titles does to the titles that move meanwhile, and to the connector's memory.
 *
 *   npm run bench -- initial-load [titles=200000] [live=50] [concurrency=32]
 */
import { cpus } from 'node:os';
import { measureInitialLoad } from '../load/initial-load.ts';
import { World } from '../world/world.ts';

const setting = (name: string, otherwise: number) =>
  Number(process.argv.find((argument) => argument.startsWith(`${name}=`))?.slice(name.length + 1) ?? otherwise);
const wish = {
  titles: setting('titles', 200_000),
  live: setting('live', 50),
  concurrency: setting('concurrency', 32),
};

const world = await World.prepare({
  environment: {
    'erp-outbox-reader': { BACKFILL_ROWS_PER_SECOND: '20000' },
    sandbox: { CALL_LOG_CAPACITY: String(wish.titles * 3 + 10_000) },
  },
});
try {
  await world.startAll();
  const { seconds, perSecond, memory, latency, notOnce } = await measureInitialLoad(world, wish);
  say(`node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`);
  say(`${wish.titles} titles in ${seconds.toFixed(0)} s, ${perSecond.toFixed(0)}/s; ${notOnce} of them not once`);
  say(`way of a live title, median: ${latency.before} ms before, ${latency.during} ms during the load`);
  say(
    `connector: ${memory.before} MB before, ${memory.firstHalf} MB in the first half, ${memory.secondHalf} MB in the second, ${memory.highest} MB at most`,
  );
} finally {
  await world.close();
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
