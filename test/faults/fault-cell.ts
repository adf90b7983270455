import type { FaultPointName } from '#libs/runtime';

export const FAULT_ACTIONS = ['kill', 'stop', 'throw'] as const;
export type FaultAction = (typeof FAULT_ACTIONS)[number];

/** A fault point as one app comes by it. */
export interface FaultPlace {
  app: 'erp-outbox-reader' | 'customerx-connector';
  point: FaultPointName;
  /** Of several processes only one comes by here: the relay's leader, the owner of the queue. */
  leads: boolean;
  /** The fault strikes on this pass, so that something has gone through and much is under way. */
  pass: number;
}

/** One square of the matrix. */
export interface FaultCell extends FaultPlace {
  action: FaultAction;
  /** Processes of the app; the fault strikes one of them. */
  replicas: 1 | 3;
}

/** Every point an event of an ordinary operation comes by, in the order of its way. */
export const FAULT_PLACES: readonly FaultPlace[] = [
  { app: 'erp-outbox-reader', point: 'after-read-before-publish', leads: true, pass: 3 },
  { app: 'erp-outbox-reader', point: 'after-confirm-before-mark', leads: true, pass: 3 },
  { app: 'customerx-connector', point: 'after-insert-before-commit', leads: true, pass: 3 },
  { app: 'customerx-connector', point: 'after-commit-before-ack', leads: true, pass: 3 },
  { app: 'customerx-connector', point: 'after-claim-before-call', leads: false, pass: 1 },
  { app: 'customerx-connector', point: 'after-call-before-settle', leads: false, pass: 6 },
  { app: 'customerx-connector', point: 'after-settle-before-release', leads: false, pass: 3 },
  { app: 'customerx-connector', point: 'after-settle-before-outcome', leads: false, pass: 3 },
  { app: 'customerx-connector', point: 'after-read-before-publish', leads: true, pass: 3 },
  { app: 'customerx-connector', point: 'after-confirm-before-mark', leads: true, pass: 3 },
];

/** Each point × each action × one process and three. */
export const EVERY_CELL: readonly FaultCell[] = ([1, 3] as const).flatMap((replicas) =>
  FAULT_PLACES.flatMap((place) => FAULT_ACTIONS.map((action) => ({ ...place, action, replicas }))),
);

/** Each point once, each action several times: what is worth waiting for at every change. */
export const SHORT_CELLS: readonly FaultCell[] = [
  cellOf('erp-outbox-reader', 'after-read-before-publish', 'kill', 1),
  cellOf('customerx-connector', 'after-insert-before-commit', 'throw', 1),
  cellOf('customerx-connector', 'after-commit-before-ack', 'kill', 1),
  cellOf('customerx-connector', 'after-call-before-settle', 'kill', 1),
  cellOf('customerx-connector', 'after-confirm-before-mark', 'kill', 1),
  cellOf('erp-outbox-reader', 'after-confirm-before-mark', 'stop', 3),
  cellOf('customerx-connector', 'after-claim-before-call', 'stop', 3),
  cellOf('customerx-connector', 'after-settle-before-release', 'kill', 3),
  cellOf('customerx-connector', 'after-settle-before-outcome', 'kill', 3),
  cellOf('customerx-connector', 'after-read-before-publish', 'throw', 3),
];

export function cellOf(
  app: FaultPlace['app'],
  point: FaultPointName,
  action: FaultAction,
  replicas: FaultCell['replicas'],
): FaultCell {
  const place = FAULT_PLACES.find((one) => one.app === app && one.point === point);
  if (!place) throw new Error(`${app} does not come by ${point}`);
  return { ...place, action, replicas };
}

/** `customerx-connector after-commit-before-ack kill, 1 of 3` */
export function nameOf({ app, point, action, replicas }: FaultCell): string {
  return `${app} ${point} ${action}, 1 of ${replicas}`;
}
