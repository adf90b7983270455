/**
 * The door of every npm script: `node tools/first-step.mjs <command> [args]`.
 * It must run where nothing is installed but an old Node and npm, so it uses Node's own modules only. It installs the
 * locked packages when they are missing or stale, then hands over to a Node that runs TypeScript as it stands.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const project = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(project, 'node_modules', '.bin');
const oldestNode = [24, 11];
/** Lets tools import libs by name from their source. */
const fromSource = pathToFileURL(join(project, 'libs', 'testing', 'run', 'source.mjs')).href;

const commands = {
  demo: 'tools/demo/main.ts',
  test: 'tools/test.ts',
  check: 'tools/check.ts',
  stack: 'tools/stack/main.ts',
  chaos: 'tools/chaos/main.ts',
  bench: 'tools/bench/main.ts',
};

/** `npm ci` writes the hidden lock file last: without it, or with an older one, the installation is not the locked one. */
function packagesAreStale() {
  const installed = join(project, 'node_modules', '.package-lock.json');
  if (!existsSync(installed)) return true;
  return statSync(join(project, 'package-lock.json')).mtimeMs > statSync(installed).mtimeMs;
}

function installPackages() {
  console.log('Installing the packages of package-lock.json (once) …');
  const npm = process.env.npm_execpath;
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const install = npm?.endsWith('.js')
    ? spawnSync(process.execPath, [npm, ...args], { cwd: project, encoding: 'utf8' })
    : spawnSync('npm', args, { cwd: project, encoding: 'utf8' });
  if (install.status === 0) return;
  process.stderr.write(`${install.stdout ?? ''}${install.stderr ?? ''}${install.error?.message ?? ''}\n`);
  fail('The packages could not be installed (npm ci); its words are above.');
}

/** The locked Node where npm brought one for this platform, otherwise the machine's own when it is young enough. */
function findNode() {
  for (const candidate of [join(bin, 'node'), process.execPath]) {
    const answer = spawnSync(candidate, ['--version'], { encoding: 'utf8' });
    const [major, minor] = (answer.stdout ?? '').replace('v', '').split('.').map(Number);
    if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return candidate;
  }
  return fail(`Ponte needs Node ${oldestNode.join('.')} or newer; this one is ${process.version}.`);
}

/** Ends as the command ended, by the same signal where there was one. */
function handOver(node, script, args) {
  const child = spawn(node, ['--import', fromSource, join(project, script), ...args], {
    stdio: 'inherit',
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` },
  });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  endWithParent(child);
  child.on('error', (error) => fail(`${script} could not be started: ${error.message}`));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    for (const each of signals) process.removeAllListeners(each);
    process.kill(process.pid, signal);
  });
}

/** npm that is told to end may leave its shell's child behind: losing the parent is as good as being told. */
function endWithParent(child) {
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    child.kill('SIGTERM');
  }, 500);
  watch.unref();
}

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}

const [command, ...args] = process.argv.slice(2);
const script = Object.hasOwn(commands, command ?? '') ? commands[command] : undefined;
if (script === undefined) fail(`Unknown command "${command ?? ''}"; there are: ${Object.keys(commands).join(', ')}.`);
if (!existsSync(join(project, script))) fail(`"${command}" is not part of this version: ${script} is missing.`);
if (packagesAreStale()) installPackages();
handOver(findNode(), script, args);
