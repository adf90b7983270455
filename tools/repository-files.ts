import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder } from './stack/paths.ts';

const notOurs = new Set(['node_modules', 'dist', 'coverage', '.git', '.stack']);

/** Paths from the project's root, forward slashes: what git knows or would add; without git, what lies there. */
export function repositoryFiles(): string[] {
  const git = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
    cwd: projectFolder,
    encoding: 'utf8',
  });
  return git.status === 0 ? git.stdout.split('\0').filter((file) => file !== '') : walk('');
}

function walk(folder: string): string[] {
  return readdirSync(join(projectFolder, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (notOurs.has(entry.name) || entry.name.startsWith('.env')) return [];
    return entry.isDirectory() ? walk(path) : [path];
  });
}
