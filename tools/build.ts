import { join } from 'node:path';
import { runOrFail } from './run.ts';
import { projectFolder } from './stack/paths.ts';

/** One build makes every app, and the libs that tools and benches use as they are built. */
export async function buildApps(): Promise<void> {
  const nest = join(projectFolder, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js');
  await runOrFail('The apps could not be built.', process.execPath, [nest, 'build', 'audit'], { cwd: projectFolder });
}
