/**
 * A process of its own for one scenario: `run-one.ts <file> <folder of the run>`. Sends its lines and its finding to
 * whoever forked it; told to end, or left alone, it ends what it started.
 */
import { pathToFileURL } from 'node:url';
import { OpenChaos } from './open-chaos.ts';
import type { Finding, Scenario } from './scenario.ts';

export type Message = { line: string } | { finding: Finding };

const [file, folder] = process.argv.slice(2) as [string, string];
/** Resolves when it has been written: what is still on its way when this process ends is lost. */
const tell = (message: Message) => new Promise<void>((told) => process.send!(message, () => told()));
const chaos = new OpenChaos(folder, (line) => void tell({ line }));
const stopped = Promise.withResolvers<'stopped'>();

process.on('SIGINT', () => undefined); // a ^C reaches every process of the terminal; the parent tells us when
process.on('SIGTERM', () => stopped.resolve('stopped'));
process.on('disconnect', () => stopped.resolve('stopped'));

async function run(): Promise<Finding> {
  const { scenario } = (await import(pathToFileURL(file).href)) as { scenario: Scenario };
  try {
    return await scenario.run(chaos);
  } catch (error) {
    return { broken: [(error as Error).message.split('\n').slice(0, 3).join(' ')] };
  }
}

const finding = await Promise.race([run(), stopped.promise]);
if (finding !== 'stopped') await tell({ finding });
try {
  await chaos.close();
  process.exit(0);
} catch (error) {
  await tell({ line: `could not be tidied up: ${(error as Error).message}` });
  process.exit(1);
}
