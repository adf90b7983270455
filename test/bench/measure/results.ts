import type { ClaimFigures } from '../claim/measure-claim.ts';
import type { EngineFigures } from '../engine/measure-engine.ts';
import type { LatencyFigures } from '../latency/measure-latency.ts';
import type { RelayFigures } from '../relay/measure-relay.ts';
import type { AppMemory, AppStart, WholeWayFigures } from '../whole-way/measure-whole-way.ts';
import type { Form } from './form.ts';
import type { Machine } from './machine.ts';

/** What each measurement leaves; those that did not run are absent. */
export interface Parts {
  relay?: RelayFigures;
  engine?: EngineFigures;
  wholeWay?: WholeWayFigures;
  memoryMb?: AppMemory;
  startMs?: AppStart;
  latencyMs?: LatencyFigures;
  claim?: ClaimFigures;
}

/** `latest.json`. */
export interface Results extends Parts {
  measuredOn: string;
  form: 'whole' | 'quick';
  rounds: number;
  minutes: number;
  machine: Machine;
  versions: Record<string, string>;
}

export interface Circumstances {
  now: Date;
  form: Form;
  minutes: number;
  machine: Machine;
  versions: Record<string, string>;
}

/** One measurement's part after the other, under what they were measured with. */
export function gatherResults(parts: readonly Parts[], about: Circumstances): Results {
  const { now, form, minutes, machine, versions } = about;
  return {
    measuredOn: now.toISOString().slice(0, 10),
    form: form.quick ? 'quick' : 'whole',
    rounds: form.rounds,
    minutes: Math.round(minutes * 10) / 10,
    machine,
    versions,
    ...Object.assign({}, ...parts),
  };
}
