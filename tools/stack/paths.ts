import { createHash } from 'node:crypto';
import { lstatSync, readlinkSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const projectFolder = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const usualStackFolder = join(projectFolder, '.stack');

/** The same folder under a name without blanks (a link beside other temporary files): RabbitMQ's scripts break on them. */
export function withoutSpaces(folder: string): string {
  if (!/\s/.test(folder)) return folder;
  const link = join(tmpdir(), `ponte-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`);
  try {
    symlinkSync(folder, link);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const owner = lstatSync(link).uid;
    if (owner !== process.getuid?.() || readlinkSync(link) !== folder)
      throw new Error(`${link} is not ours: remove it.`, { cause: error });
  }
  return link;
}
