import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '#libs/testing';
import { AppEnvironment, readEnvironment } from './environment.js';
import { armFaultPoint, faultPoint, FaultPointReached } from './fault-point.js';

const pass = () => faultPoint('after-commit-before-ack');

describe('a fault point', () => {
  afterEach(() => armFaultPoint({}));

  it('does nothing where nothing is armed, or another point is', () => {
    expect(pass).not.toThrow();
    armFaultPoint({ FAULT_POINT: 'after-insert-before-commit:throw' });
    expect(pass).not.toThrow();
  });

  it('throws on the pass it was armed for, and never again', () => {
    armFaultPoint({ FAULT_POINT: 'after-commit-before-ack:throw:3' });
    pass();
    pass();
    expect(pass).toThrow(FaultPointReached);
    expect(pass).not.toThrow();
  });

  it('ends its process there, and nothing behind it is run', async () => {
    const { exited, output } = startPassing('after-commit-before-ack:kill');
    expect(await exited).toBe('SIGKILL');
    expect(output()).toBe('before\nfault point after-commit-before-ack reached: kill\n');
  });

  it('halts its process there until somebody lets it go on', async () => {
    const { child, exited, output } = startPassing('after-commit-before-ack:stop');
    await eventually(() => stateOf(child.pid!) === 'T');
    expect(output()).not.toContain('behind');
    child.kill('SIGCONT');
    expect(await exited).toBeNull();
    expect(output()).toContain('behind');
  });
});

describe('FAULT_POINT', () => {
  class Environment extends AppEnvironment {}
  const read = (more: Record<string, string>) =>
    readEnvironment(Environment, { HTTP_PORT: '1', OPS_PORT: '2', ...more });

  it('is refused in production', () => {
    const armed = { FAULT_POINT: 'after-commit-before-ack:kill' };
    expect(() => read({ ...armed, NODE_ENV: 'production' })).toThrow(/FAULT_POINT +must not be set in production/);
    expect(() => read({ ...armed, NODE_ENV: 'test' })).not.toThrow();
  });

  it.each(['after-lunch:kill', 'after-commit-before-ack', 'after-commit-before-ack:kill:0', 'a:kill:1:2'])(
    'is refused as %s, which would strike nowhere',
    (text) => {
      expect(() => read({ FAULT_POINT: text })).toThrow(/FAULT_POINT +must be <point>:<kill\|stop\|throw>/);
    },
  );
});

const script = `
  import { armFaultPoint, faultPoint } from ${JSON.stringify(join(import.meta.dirname, 'fault-point.ts'))};
  import { writeSync } from 'node:fs';
  armFaultPoint(process.env);
  writeSync(2, 'before\\n');
  faultPoint('after-commit-before-ack');
  writeSync(2, 'behind\\n');`;

function startPassing(fault: string) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    env: { PATH: process.env.PATH, FAULT_POINT: fault },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exited = once(child, 'close').then(([, signal]) => signal as NodeJS.Signals | null);
  return { child, exited, output: () => output };
}

function stateOf(pid: number): string | undefined {
  return /\) (\w) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
}
