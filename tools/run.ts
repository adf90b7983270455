import { spawn, type SpawnOptions } from 'node:child_process';

export type CommandResult = { code: number; output: string };

/** Both streams together, as a person at a terminal would have seen them. Never rejects: a missing program is code 127. */
export function runQuietly(command: string, args: string[], options: SpawnOptions = {}): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.once('error', (error) => resolve({ code: 127, output: `${output}${error.message}` }));
    child.once('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

/** Rejects with the sentence and the program's own last words. */
export async function runOrFail(
  sentence: string,
  command: string,
  args: string[],
  options: SpawnOptions = {},
): Promise<string> {
  const result = await runQuietly(command, args, options);
  if (result.code !== 0) throw new Error(`${sentence}\n${lastLines(result.output)}`);
  return result.output;
}

/** The program speaks to the terminal itself. Resolves with its exit code; never rejects. */
export function runAloud(command: string, args: string[], options: SpawnOptions = {}): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { ...options, stdio: 'inherit' });
    child.on('error', () => child.pid === undefined && resolve(127)); // an aborted one still has to end
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

export function lastLines(text: string, count = 15): string {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}
