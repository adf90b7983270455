import 'reflect-metadata';
import type { Outcome, ReceivableChanged } from '#libs/contracts';
import type { Call } from './call.js';
import type { ConnectorClass } from './definition.js';
import type { PartnerSettings } from './partner-settings.js';

/** What can be compared of one thing, by field: equal texts are equal things. */
export type ComparedFields = Record<string, string | null>;

/** One thing the partner holds. A field its answer does not show is left out, and not compared. */
export interface HeldRow {
  externalId: string;
  fields: ComparedFields;
}

export interface HeldPage {
  rows: HeldRow[];
  /** Pages there are now; nothing is read behind the last. */
  pages: number;
  /** Rows there are now: fewer than a page before says that rows moved up, and some were not seen. */
  total?: number;
  /** Nothing is read before: what is left of the partner's rate limit is the deliveries'. */
  restUntil?: Date;
}

/** What the partner should hold of a title; without fields: nothing, under this name. */
export interface ExpectedRow {
  externalId: string;
  fields?: ComparedFields;
}

export const RECONCILE_EVERY = ['off', 'daily', 'weekly'] as const;
export type ReconcileEvery = (typeof RECONCILE_EVERY)[number];

export interface ReconcileOptions<S extends PartnerSettings> {
  /** Pure. What it throws says why the title cannot be told there at all. */
  expected: (title: ReceivableChanged, settings: S) => ExpectedRow;
  /** By itself; on demand always. */
  every?: (settings: S) => ReconcileEvery;
}

type ReadPage = (page: number, call: Call<never>) => Promise<HeldPage | Outcome>;

export interface Reconciler {
  method: string;
  options: ReconcileOptions<PartnerSettings>;
}

const RECONCILER = Symbol('reconciler');

/**
 * The method reads one page, from 1, of what the partner holds of the integration's titles, or says what it answered
 * instead. What is missing or different is repaired by what `@Load()` plans.
 */
export function Reconcile<S extends PartnerSettings>(options: ReconcileOptions<S>) {
  return <M extends ReadPage>(target: object, method: string, _descriptor: TypedPropertyDescriptor<M>): void => {
    Reflect.defineMetadata(RECONCILER, { method, options }, target);
  };
}

export function reconcilerOf(connector: ConnectorClass): Reconciler | undefined {
  return Reflect.getMetadata(RECONCILER, connector.prototype as object) as Reconciler | undefined;
}

/** @returns the fields both sides have and that are not the same */
export function differingFields(expected: ComparedFields, held: ComparedFields): string[] {
  return Object.keys(expected).filter((field) => field in held && held[field] !== expected[field]);
}
