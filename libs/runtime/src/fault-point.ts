import { writeSync } from 'node:fs';
import type { Variables } from './environment.js';

/**
 * Places where a process may be ended, halted or made to fail, in the order of an event's way. Each stands exactly
 * where its name says: what comes before "before" is done and, where it is a commit, durable; what comes after is not.
 */
export const FAULT_POINTS = [
  'after-read-before-publish',
  'after-confirm-before-mark',
  'after-insert-before-commit',
  'after-commit-before-ack',
  'after-claim-before-call',
  'after-intent-before-call',
  'after-call-before-settle',
  'after-verify-before-settle',
  'after-settle-before-release',
  'after-settle-before-outcome',
] as const;
export type FaultPointName = (typeof FAULT_POINTS)[number];

const ACTIONS = ['kill', 'stop', 'throw'] as const;
type Action = (typeof ACTIONS)[number];

/** `<name>:<kill|stop|throw>`, and on which pass through the point, the first unless told. */
interface Fault {
  name: FaultPointName;
  action: Action;
  pass: number;
}

/** What an armed point throws: to all that catches it, an error nobody has foreseen. */
export class FaultPointReached extends Error {
  override readonly name = 'FaultPointReached';
}

/** Longer than a signal to oneself takes to arrive: what stands behind a point must not run before it. */
const SIGNAL_MS = 1_000;

let armed: Fault | undefined;
let passes = 0;

/** Does nothing but in a process that was started with `FAULT_POINT=<this point>:<action>`, which only tests do. */
export function faultPoint(name: FaultPointName): void {
  if (armed !== undefined) passThrough(armed, name);
}

/** For the life of the process, once: the fault strikes on one pass and never again. */
export function armFaultPoint({ FAULT_POINT: text }: Variables): void {
  armed = text ? readFault(text) : undefined;
  passes = 0;
}

/** @returns why an app must not start with these variables; nothing when it may */
export function faultPointMistake({ FAULT_POINT: text, NODE_ENV: mode }: Variables): string | undefined {
  if (!text) return undefined;
  if (mode === 'production') return 'must not be set in production: it ends or halts this process; remove it';
  if (readFault(text)) return undefined;
  return `must be <point>:<${ACTIONS.join('|')}>[:<pass>] with a point of ${FAULT_POINTS.join(', ')} (is "${text}")`;
}

function readFault(text: string): Fault | undefined {
  const [point, does, pass = '1', ...more] = text.split(':');
  const name = FAULT_POINTS.find((one) => one === point);
  const action = ACTIONS.find((one) => one === does);
  if (!name || !action || !/^[1-9]\d{0,8}$/.test(pass) || more.length > 0) return undefined;
  return { name, action, pass: Number(pass) };
}

function passThrough(fault: Fault, name: FaultPointName): void {
  if (name !== fault.name) return;
  passes += 1;
  if (passes !== fault.pass) return;
  writeSync(process.stderr.fd, `fault point ${name} reached: ${fault.action}\n`);
  if (fault.action === 'throw') throw new FaultPointReached(`the fault point ${name} was reached`);
  process.kill(process.pid, fault.action === 'kill' ? 'SIGKILL' : 'SIGSTOP');
  // A signal reaches one of our threads at some moment after the call: this one waits for it.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SIGNAL_MS);
}
