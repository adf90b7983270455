/** Loaded before an app: makes the mistake BROKEN_BUILD names in the built file it belongs to. */
import { registerHooks } from 'node:module';
import { BROKEN_BUILDS, breakSource, type BrokenBuild, type Mistake } from './broken-build.ts';

const mistake = process.env.BROKEN_BUILD as Mistake;
const build: BrokenBuild = BROKEN_BUILDS[mistake];

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.endsWith(build.file)) return loaded;
    const source = breakSource(build, new TextDecoder().decode(loaded.source as Uint8Array));
    process.stderr.write(`broken build: ${mistake}\n`);
    return { ...loaded, source };
  },
});
