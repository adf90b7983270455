/**
 * Lets plain Node read the house's own source, without a build: imports that end in `.js` as the built files do, and
 * libs by their name (#libs/<name>), as far as they are written without decorators.
 */
import { registerHooks } from 'node:module';

registerHooks({
  resolve(specifier, context, next) {
    const fromSource = specifier.startsWith('#libs/')
      ? { ...context, conditions: [...context.conditions, 'source'] }
      : context;
    try {
      return next(specifier, fromSource);
    } catch (error) {
      if (!/^\.\.?\/.*\.js$/.test(specifier)) throw error;
      return next(specifier.replace(/\.js$/, '.ts'), context);
    }
  },
});
