import { Logger } from '@nestjs/common';
import { processVariables } from './env-file.js';
import { readEnvironment, type AppEnvironment } from './environment.js';
import { armFaultPoint } from './fault-point.js';
import { maskLine } from './log-masking.js';
import { openApp, type AppOptions, type RunningApp } from './open-app.js';
import { StartRefused } from './start-refused.js';

/**
 * The whole of an app's `main.ts`. Reads the environment, builds the app, opens its message transport, HTTP and
 * ops ports, and closes them in order on SIGTERM or SIGINT.
 *
 * Exit codes: 0 closed in order; 1 refused to start, failed, or did not close before SHUTDOWN_DEADLINE_MS.
 */
export async function startApp<E extends AppEnvironment>(options: AppOptions<E>): Promise<void> {
  process.on('unhandledRejection', (error) => die('a promise nobody waits for was rejected', error));
  process.on('uncaughtException', (error) => die('an exception nobody catches', error));
  try {
    const variables = processVariables(options.name);
    const environment = readEnvironment(options.environment, variables);
    armFaultPoint(variables);
    const running = await openApp(options, environment);
    closeOnSignals(running, environment.SHUTDOWN_DEADLINE_MS);
    new Logger(options.name).log(`ready: ${running.url}, health and metrics at ${running.opsUrl}`);
  } catch (error) {
    process.stderr.write(`${options.name} does not start: ${maskLine(explain(error))}\n`);
    process.exit(1);
  }
}

function closeOnSignals(running: RunningApp, deadlineMs: number): void {
  const logger = new Logger('Shutdown');
  let closing = false;
  const close = (signal: NodeJS.Signals) => {
    if (closing) process.exit(1); // asked twice: whoever asks has no patience left
    closing = true;
    logger.log(`${signal}: closing`);
    setTimeout(() => {
      logger.error(`not closed ${deadlineMs} ms after ${signal}: leaving what is unfinished`);
      process.exit(1);
    }, deadlineMs).unref();
    running.close(signal).then(
      () => process.exit(0),
      (error: unknown) => die('closing failed', error),
    );
  };
  process.on('SIGTERM', close);
  process.on('SIGINT', close);
}

function die(what: string, error: unknown): void {
  const logger = new Logger('Process');
  logger.fatal(what);
  logger.fatal(error);
  process.exit(1);
}

function explain(error: unknown): string {
  if (error instanceof StartRefused) return error.message;
  const { code, port, message, stack } = error as NodeJS.ErrnoException & { port?: number };
  if (code === 'EADDRINUSE') return `port ${port} is taken by another process; set HTTP_PORT or OPS_PORT to a free one`;
  return stack ?? message ?? String(error);
}
