import { centsOf, receivableBalance } from './money.js';
import type { Movement, MovementKind, ReceivableChanged } from './receivable.js';

/**
 * What a title says against itself, in words that name both values; empty when it agrees with itself. `data` has the
 * shape of its class already.
 *
 * Demanded while a title is open, partially settled or settled:
 *   openAmount = amount − discount + fine + interest − paid, to the cent
 * and of a settled one that nothing is open. Not demanded, because honest ERPs differ: that an open title has nothing
 * paid (some keep `open` until the last cent), that `settlements` add up to `paidAmount` (old ones may be archived),
 * that nothing is open only when settled (a title discounted to zero waits for its settlement), and anything of a
 * canceled or deleted title (some keep the amounts, some clear them).
 */
export function receivableContradictions(data: ReceivableChanged): string[] {
  if (data.status === 'canceled' || data.status === 'deleted') return [];
  const problems: string[] = [];
  const balance = receivableBalance(data);
  if (balance !== data.openAmount) {
    problems.push(
      `/data/openAmount says ${data.openAmount}, but amount ${data.amount} − discount ${data.discountAmount}` +
        ` + fine ${data.fineAmount} + interest ${data.interestAmount} − paid ${data.paidAmount} is ${balance}`,
    );
  }
  if (data.status === 'settled' && data.openAmount !== '0.00') {
    problems.push(`/data/status says settled, but /data/openAmount says ${data.openAmount}`);
  }
  return problems;
}

const MOVEMENTS_OF_TYPE: Readonly<Record<string, readonly MovementKind[]>> = {
  'erp.receivable.opened.v1': ['entry'],
  'erp.receivable.settled.v1': ['settlement'],
  'erp.receivable.settlement-reversed.v1': ['settlement-reversal'],
  'erp.receivable.adjusted.v1': ['discount', 'fine', 'interest', 'due-date'],
  'erp.receivable.canceled.v1': ['cancellation'],
  'erp.receivable.deleted.v1': ['deletion'],
  'erp.receivable.snapshot.v1': [],
};

/** The movements an event type may carry: none for a snapshot, undefined for what is no receivable. */
export function movementKindsOf(type: string): readonly MovementKind[] | undefined {
  return Object.hasOwn(MOVEMENTS_OF_TYPE, type) ? MOVEMENTS_OF_TYPE[type] : undefined;
}

/** Where the type of a receivable event, its movement and its status tell different stories. */
export function movementContradictions(type: string, data: ReceivableChanged): string[] {
  const kinds = movementKindsOf(type);
  if (kinds === undefined) return [];
  return [
    ...movementAgainstType(type, kinds, data.movement),
    ...movementAlone(data.movement),
    ...statusAgainstType(type, data),
  ];
}

function movementAgainstType(type: string, kinds: readonly MovementKind[], movement: Movement | undefined): string[] {
  if (kinds.length === 0) return movement ? [`/data/movement is there, but ${type} is a snapshot and has none`] : [];
  if (!movement) return [`/data/movement is missing: ${type} tells of a movement`];
  if (kinds.includes(movement.kind)) return [];
  return [`/data/movement/kind says ${movement.kind}, but ${type} tells of ${kinds.join(', ')}`];
}

function movementAlone(movement: Movement | undefined): string[] {
  if (!movement) return [];
  const problems: string[] = [];
  if (movement.kind === 'settlement-reversal' && movement.reverses === undefined) {
    problems.push('/data/movement/reverses is missing: a reversal names the settlement it reverses');
  }
  if (!MAY_LOWER.has(movement.kind) && centsOf(movement.amount) < 0n) {
    problems.push(
      `/data/movement/amount says ${movement.amount}, but a movement of kind ${movement.kind} is not negative`,
    );
  }
  return problems;
}

const MAY_LOWER: ReadonlySet<MovementKind> = new Set(['discount', 'fine', 'interest', 'due-date']);

function statusAgainstType(type: string, data: ReceivableChanged): string[] {
  const expected = STATUS_OF_TYPE[type];
  return expected && data.status !== expected
    ? [`/data/status says ${data.status}, but ${type} leaves it ${expected}`]
    : [];
}

const STATUS_OF_TYPE: Readonly<Record<string, string>> = {
  'erp.receivable.canceled.v1': 'canceled',
  'erp.receivable.deleted.v1': 'deleted',
};
