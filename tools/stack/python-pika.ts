import { runQuietly } from '../run.ts';

/** The one on the path may be somebody's own; Debian's packages are seen by Debian's. */
const pythons = ['python3', '/usr/bin/python3'];

/**
 * A Python that can import pika, the AMQP client of the Python example; as root on Debian the package is installed once.
 * @returns the command, or why there is none
 */
export async function findPythonWithPika(): Promise<{ python: string } | { lacks: string }> {
  const found = await pythonWithPika();
  if (found !== undefined) return { python: found };
  if (process.getuid?.() !== 0) return { lacks: 'no python3 here has pika: apt-get install python3-pika' };
  await installPika();
  const installed = await pythonWithPika();
  if (installed !== undefined) return { python: installed };
  return { lacks: 'no python3 here has pika, and apt-get could not install python3-pika' };
}

async function installPika(): Promise<void> {
  const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  const install = () => runQuietly('apt-get', ['install', '-y', '--no-install-recommends', 'python3-pika'], options);
  if ((await install()).code === 0) return;
  if ((await runQuietly('apt-get', ['update'], options)).code === 0) await install();
}

async function pythonWithPika(): Promise<string | undefined> {
  for (const python of pythons) {
    if ((await runQuietly(python, ['-c', 'import pika'])).code === 0) return python;
  }
  return undefined;
}
