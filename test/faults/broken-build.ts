import { fileURLToPath } from 'node:url';
import { cellOf, type FaultCell } from './fault-cell.ts';

/** Ponte with one mistake made on purpose, and the cell of the matrix that must find it. */
export interface BrokenBuild {
  /** Of a built file, from the project's root. */
  file: string;
  /** What stands there, exactly once, and what is put in its place; one after the other. */
  edits: readonly [find: string, put: string][];
  cell: FaultCell;
  /** What the matrix must say of it. */
  finds: 'lost' | 'called on a lease that was over';
}

export const BROKEN_BUILDS = {
  'settle before call': {
    file: 'dist/libs/delivery/src/lane-runner.js',
    edits: [
      ['const goesOn = await this.settle(claim, attempt, keep);', 'const goesOn = stillOurs && keep;'],
      [
        `faultPoint('after-claim-before-call');`,
        `const verdict = { kind: 'final', state: 'delivered', counted: true };
         const settled = { delivery, verdict, outcome: 'delivered', startedAt: new Date() };
         const stillOurs = await this.settle(claim, settled, at + 1 < deliveries.length);
         faultPoint('after-claim-before-call');`,
      ],
    ],
    cell: cellOf('customerx-connector', 'after-claim-before-call', 'kill', 1),
    finds: 'lost',
  },
  'ack before commit': {
    file: 'dist/libs/broker/src/queue-consumer.js',
    edits: [
      ['channel.ack(batch.at(-1), true);', ''],
      [
        'await this.options.handle(batch.map(readMessage), this.life);',
        'channel.ack(batch.at(-1), true); await this.options.handle(batch.map(readMessage), this.life);',
      ],
    ],
    cell: cellOf('customerx-connector', 'after-insert-before-commit', 'kill', 1),
    finds: 'lost',
  },
  'mark before confirm': {
    file: 'dist/libs/outbox/src/relay.js',
    edits: [
      [
        `if (found > 0) this.options.faultPoint?.('after-read-before-publish');`,
        `if (found > 0) await this.options.reader.mark(this.queues.knownAbove('-1'));
         if (found > 0) this.options.faultPoint?.('after-read-before-publish');`,
      ],
    ],
    cell: cellOf('erp-outbox-reader', 'after-read-before-publish', 'kill', 1),
    finds: 'lost',
  },
  'lease looked at before the last fault point': {
    file: 'dist/libs/delivery/src/lane-runner.js',
    edits: [
      [`faultPoint('after-claim-before-call');`, ''],
      [
        'const attempt = await this.attempt(claim, delivery);',
        `faultPoint('after-claim-before-call'); const attempt = await this.attempt(claim, delivery);`,
      ],
    ],
    cell: cellOf('customerx-connector', 'after-claim-before-call', 'stop', 3),
    finds: 'called on a lease that was over',
  },
} satisfies Record<string, BrokenBuild>;

export type Mistake = keyof typeof BROKEN_BUILDS;

/** Environment of an app that is to run with this mistake: its files are broken as they are loaded, those on disk stay. */
export function brokenBy(mistake: Mistake): Record<string, string> {
  const script = fileURLToPath(new URL('load-broken.ts', import.meta.url));
  return { NODE_OPTIONS: `--import=${script}`, BROKEN_BUILD: mistake };
}

/** @throws Error when the source is not as expected any more: a mistake that is not made would be found by nobody */
export function breakSource({ file, edits }: BrokenBuild, source: string): string {
  return edits.reduce((text, [find, put]) => {
    const [before, after, ...more] = text.split(find);
    if (before === undefined || after === undefined || more.length > 0)
      throw new Error(`${file} does not say exactly once: ${find}`);
    return `${before}${put}${after}`;
  }, source);
}
