import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { endOfRun, startChildApp, type ChildApp } from '#libs/testing';
import { interruption } from './interruption.ts';
import { projectFolder, usualStackFolder } from './stack/paths.ts';
import { PrivateStack } from './stack/stack.ts';
import { testEnvironment } from './stack/test-environment.ts';

/**
 * Starts every app of nest-cli.json as production does, on a stack fresh from nothing, until all are ready at once, and
 * stops each by SIGTERM. The sandbox comes first, since it plays the ERP that the reader reads. Gives what went wrong.
 */
export async function bootEveryApp(): Promise<string> {
  const run = (process.env.PONTE_TEST_RUN = `boot_${process.pid}`);
  const stack = new PrivateStack(join(usualStackFolder, 'boot'));
  await stack.wipe();
  const loan = await stack.borrow();
  Object.assign(process.env, testEnvironment(loan.addresses));
  const started: ChildApp[] = [];
  const wrong: string[] = [];
  try {
    for (const app of builtApps()) {
      if (interruption.aborted) break;
      const env = settingsFor(app, loan.environments);
      await startChildApp({ app, env }).then(
        (child) => started.push(child),
        (error: Error) => wrong.push(error.message),
      );
    }
    for (const child of started.reverse()) wrong.push(...(await stopAndJudge(child)));
    wrong.push(...(await endOfRun(run)));
  } finally {
    await loan.giveBack();
    await stack.wipe();
    rmSync(stack.folder, { recursive: true, force: true });
  }
  return wrong.join('\n');
}

async function stopAndJudge(child: ChildApp): Promise<string[]> {
  try {
    const code = await child.stop();
    return code === 0 ? [] : [`${child.app} ended with ${code} after SIGTERM:\n${child.logs().slice(-15).join('\n')}`];
  } catch (error) {
    return [`${child.app}: ${(error as Error).message}`];
  }
}

/** Its own settings without the ports, so that apps of a development stack may run beside. */
function settingsFor(app: string, environments: { app: string; settings: Record<string, string> }[]) {
  const found = environments.find((environment) => environment.app === app);
  if (found === undefined) throw new Error(`tools/stack/environments.ts does not say what ${app} needs.`);
  const { HTTP_PORT: _http, OPS_PORT: _ops, ...settings } = found.settings;
  return settings;
}

function builtApps(): string[] {
  const nest = JSON.parse(readFileSync(join(projectFolder, 'nest-cli.json'), 'utf8')) as { projects: object };
  const apps = Object.keys(nest.projects).filter((app) =>
    existsSync(join(projectFolder, 'apps', app, 'src', 'main.ts')),
  );
  return apps.sort((one, other) => Number(other === 'sandbox') - Number(one === 'sandbox'));
}
