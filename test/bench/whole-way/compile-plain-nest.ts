import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformFile } from '@swc/core';

const SOURCE = fileURLToPath(new URL('../plain-nest/', import.meta.url));
const BUILT = fileURLToPath(new URL('../../../dist/', import.meta.url));

/** Its classes are decorated, which Node does not run as they stand. `built` is where a script of it is to be found. */
export async function compilePlainNest(): Promise<{ built: (script: string) => string; remove(): void }> {
  const folder = join(BUILT, `plain-nest-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  for (const file of readdirSync(SOURCE).filter((name) => name.endsWith('.ts'))) {
    const { code } = await transformFile(join(SOURCE, file), {
      swcrc: false,
      module: { type: 'es6' },
      jsc: {
        target: 'es2023',
        parser: { syntax: 'typescript', decorators: true },
        transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
        keepClassNames: true,
      },
    });
    writeFileSync(join(folder, file.replace(/\.ts$/, '.js')), code);
  }
  return {
    built: (script) => join(folder, script),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
