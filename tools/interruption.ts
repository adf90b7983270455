/**
 * Aborted by the first ^C, SIGTERM or SIGHUP. Commands that borrow the stack then end their children and give it back
 * instead of dying on the spot; their exit code is that of an interrupted program.
 */
const controller = new AbortController();

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => controller.abort(name));

export const interruption: AbortSignal = controller.signal;

export const interruptedExitCode = 130;
