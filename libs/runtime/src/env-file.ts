import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import type { Variables } from './environment.js';

/**
 * The process' variables, completed from `.env.<app>` in the working directory.
 * In production the file is not looked at; a variable that is set, even to nothing, always wins.
 */
export function processVariables(app: string, real: Variables = process.env, directory = process.cwd()): Variables {
  const file = `${directory}/.env.${app}`;
  if (real.NODE_ENV === 'production' || !existsSync(file)) return real;
  return { ...parseEnv(readFileSync(file, 'utf8')), ...real };
}
