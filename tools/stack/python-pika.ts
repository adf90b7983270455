import { runQuietly } from '../run.ts';

/**
 * Whether `python3` can import pika, the AMQP client of the Python example; as root on Debian it is installed once.
 * @returns why not, where not
 */
export async function lacksPika(): Promise<string | undefined> {
  if (await hasPika()) return undefined;
  const python = await runQuietly('python3', ['--version']);
  if (python.code !== 0) return 'there is no python3';
  if (process.getuid?.() !== 0) return 'python3 has no pika: apt-get install python3-pika';
  const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  const install = () =>
    runQuietly('apt-get', ['install', '-y', '--no-install-recommends', 'python3-pika'], options);
  const first = await install();
  if (first.code !== 0 && (await runQuietly('apt-get', ['update'], options)).code === 0) await install();
  return (await hasPika()) ? undefined : 'python3 has no pika, and apt-get could not install python3-pika';
}

async function hasPika(): Promise<boolean> {
  return (await runQuietly('python3', ['-c', 'import pika'])).code === 0;
}
