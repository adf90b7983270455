import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runOrFail, runQuietly } from '../run.ts';
import { projectFolder, withoutSpaces } from './paths.ts';
import type { RabbitSource } from './state.ts';

export type Say = (line: string) => void;

const installedPlaces = [
  '/usr/lib/rabbitmq/bin/rabbitmq-server', // Debian, Ubuntu: the script itself, not its wrapper that changes user
  '/opt/homebrew/sbin/rabbitmq-server',
  '/usr/local/sbin/rabbitmq-server',
];
const dockerImage = 'rabbitmq:3.13-management';

/** Shared by every stack of this project: 60 MB that need no second download. */
const unpackFolder = join(withoutSpaces(projectFolder), '.stack', 'rabbitmq-server');

type Way = { name: RabbitSource['kind'] | 'apt'; find: (say: Say) => Promise<RabbitSource | undefined> };

const ways: Way[] = [
  { name: 'installed', find: async () => findInstalled() },
  { name: 'apt', find: installWithApt },
  { name: 'unpacked', find: unpackFromApt },
  { name: 'docker', find: findDocker },
];

/**
 * The first way that leads to a RabbitMQ server, in the order of the list above. PONTE_STACK_RABBITMQ names one way and
 * forbids the others. Throws one sentence that says what is missing when none does.
 */
export async function obtainRabbit(say: Say): Promise<RabbitSource> {
  const wish = process.env.PONTE_STACK_RABBITMQ;
  const tried = ways.filter((way) => wish === undefined || way.name === wish);
  if (tried.length === 0)
    throw new Error(`PONTE_STACK_RABBITMQ must be one of ${ways.map((way) => way.name).join(', ')}.`);
  const failures: string[] = [];
  for (const way of tried) {
    try {
      const source = await way.find(say);
      if (source !== undefined) return source;
    } catch (error) {
      failures.push((error as Error).message);
    }
  }
  throw new Error(
    [
      'There is no RabbitMQ here and none could be had: install rabbitmq-server, or start Docker, or set AMQP_URL to a broker of your own.',
      ...failures,
    ].join('\n'),
  );
}

function findInstalled(): RabbitSource | undefined {
  const server = installedPlaces.find((place) => existsSync(place));
  return server === undefined ? undefined : { kind: 'installed', server };
}

async function installWithApt(say: Say): Promise<RabbitSource | undefined> {
  if (process.getuid?.() !== 0 || !(await hasProgram('apt-get'))) return undefined;
  say('RabbitMQ is not installed: installing rabbitmq-server with apt-get (once) …');
  const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', PATH: systemPath() } };
  const update = await runQuietly('apt-get', ['update'], options);
  await withoutStartingServices(() =>
    runOrFail(
      `apt-get could not install rabbitmq-server.\n${update.code === 0 ? '' : update.output}`,
      'apt-get',
      ['install', '-y', '--no-install-recommends', 'rabbitmq-server'],
      options,
    ),
  );
  return findInstalled();
}

/** The package would start a broker of the machine's own on every address, now and at every boot: nobody asked for one. */
async function withoutStartingServices(install: () => Promise<unknown>): Promise<void> {
  const policy = '/usr/sbin/policy-rc.d';
  const ours = !existsSync(policy);
  if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    await install();
  } finally {
    if (ours) rmSync(policy, { force: true });
  }
  if (existsSync('/run/systemd/system'))
    await runQuietly('systemctl', ['disable', '--now', 'rabbitmq-server', 'epmd.socket']);
}

/** What apt would install, unpacked into the stack's own folder: needs no rights and leaves the machine as it is. */
async function unpackFromApt(say: Say): Promise<RabbitSource | undefined> {
  const root = join(unpackFolder, 'root');
  const done = join(unpackFolder, 'complete');
  if (existsSync(done)) return { kind: 'unpacked', server: findStartScript(root) };
  if (!(await hasProgram('apt-get')) || !(await hasProgram('dpkg-deb'))) return undefined;
  say('RabbitMQ is not installed: downloading it into .stack (once) …');
  rmSync(unpackFolder, { recursive: true, force: true });
  for (const deb of await downloadPackages()) {
    await runOrFail(`${deb} could not be unpacked.`, 'dpkg-deb', ['-x', deb, root]);
  }
  pointErlangAt(join(root, 'usr', 'lib', 'erlang'));
  for (const download of ['lists', 'cache']) rmSync(join(unpackFolder, download), { recursive: true, force: true });
  writeFileSync(done, '');
  return { kind: 'unpacked', server: findStartScript(root) };
}

/** Not the link in rabbitmq/bin: the script would follow it, out of the folder name without blanks. */
function findStartScript(root: string): string {
  const versions = join(root, 'usr', 'lib', 'rabbitmq', 'lib');
  const [version] = readdirSync(versions).filter((name) => name.startsWith('rabbitmq_server-'));
  if (version === undefined) throw new Error(`The package rabbitmq-server holds no server in ${versions}.`);
  return join(versions, version, 'sbin', 'rabbitmq-server');
}

async function downloadPackages(): Promise<string[]> {
  const archives = join(unpackFolder, 'cache', 'archives');
  for (const folder of [
    join(unpackFolder, 'lists', 'partial'),
    join(archives, 'partial'),
    join(unpackFolder, 'root'),
  ]) {
    mkdirSync(folder, { recursive: true });
  }
  writeFileSync(join(unpackFolder, 'status'), statusWithoutErlang(readFileSync('/var/lib/dpkg/status', 'utf8')));
  const own = [
    `Dir::State::lists=${join(unpackFolder, 'lists')}`,
    `Dir::State::status=${join(unpackFolder, 'status')}`,
    `Dir::Cache=${join(unpackFolder, 'cache')}`,
    `Dir::Cache::archives=${archives}`,
    'Debug::NoLocking=1',
    'APT::Sandbox::User=',
  ].flatMap((option) => ['-o', option]);
  const update = await runQuietly('apt-get', [...own, 'update']);
  const install = [...own, 'install', '-y', '--no-install-recommends', '--download-only', 'rabbitmq-server'];
  await runOrFail(
    `apt-get could not download rabbitmq-server.\n${update.code === 0 ? '' : update.output}`,
    'apt-get',
    install,
  );
  return readdirSync(archives)
    .filter((name) => name.endsWith('.deb'))
    .map((name) => join(archives, name));
}

/** Erlang works only whole and from one place, so a part of it that the machine has is downloaded again. */
function statusWithoutErlang(status: string): string {
  return status
    .split('\n\n')
    .filter((entry) => !/^Package: (erlang-|rabbitmq-server)/m.test(entry))
    .join('\n\n');
}

/** The start script names the folder it was packaged for. */
function pointErlangAt(erlang: string): void {
  const script = join(erlang, 'bin', 'erl');
  writeFileSync(
    script,
    readFileSync(script, 'utf8').replaceAll(
      /ROOTDIR=\/usr\/lib\/erlang$/gm,
      'ROOTDIR="$(cd "$(dirname "$0")/.." && pwd)"',
    ),
  );
}

/** Programs and libraries of the unpacked server, to be found before the machine's own. */
export function unpackedEnvironment(): { PATH: string; LD_LIBRARY_PATH: string } {
  const root = join(unpackFolder, 'root');
  const folders = [join(root, 'usr', 'lib'), join(root, 'lib')].filter((folder) => existsSync(folder));
  const libraries = folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('-linux-gnu'))
      .map((name) => join(folder, name)),
  );
  const erlang = join(root, 'usr', 'lib', 'erlang', 'bin');
  return { PATH: `${erlang}:${systemPath()}`, LD_LIBRARY_PATH: libraries.join(':') };
}

async function findDocker(): Promise<RabbitSource | undefined> {
  const answer = await runQuietly('docker', ['info', '--format', '{{.ServerVersion}}']);
  return answer.code === 0 ? { kind: 'docker', server: dockerImage } : undefined;
}

async function hasProgram(name: string): Promise<boolean> {
  return (await runQuietly('/bin/sh', ['-c', `command -v ${name}`], { env: { PATH: systemPath() } })).code === 0;
}

export function systemPath(): string {
  return `${process.env.PATH ?? ''}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;
}
