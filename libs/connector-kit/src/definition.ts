import 'reflect-metadata';
import {
  bindingOf,
  matchesPattern,
  EVENT_TYPES,
  type EventTypesMatching,
  type HubEvent,
  type Outcome,
  type ReceivableChanged,
  type Verification,
} from '#libs/contracts';
import type { FinishedRun, PlannedDelivery, Unplanned } from '#libs/delivery';
import type { PartnerEndpointOptions } from '#libs/partner';
import type { SettingsClass, SystemParameterDescription } from '#libs/settings';
import { batchSizes } from './batch-sizes.js';
import type { BatchCall, Call, ConnectionVerdict } from './call.js';
import { DEFAULT_GROUP } from './default-group.js';
import { loginsOf, type LoginEntries } from './login-definition.js';
import type { PartnerSettings } from './partner-settings.js';
import { requireDefaults } from './require-defaults.js';
import { requireVerified } from './require-verified.js';

/** What a plan answers: deliveries, in order; or why there are none. */
export type Planned = PlannedDelivery[] | Unplanned;

export interface ConnectorOptions<S extends PartnerSettings> {
  /** The first word of outcome types, the name of the schema and of the integrations: `customerx`. */
  name: string;
  settings: SettingsClass<S>;
  /** The switch of the whole ERP instance, where the manual has one: nothing is on before it. */
  systemParameter?: SystemParameterDescription;
  /** The local time of day windows are counted from, `01:00`; midnight unless told. */
  windowsFrom?: `${number}:${number}`;
  /**
   * Groups of operations beside the `default` one, with what is different of their endpoint: each has a breaker, a pause
   * and a limit of its own.
   */
  groups?: Record<string, (settings: S) => EndpointDifference>;
}

/** What a group's endpoint has of its own. */
export type EndpointDifference = Partial<
  Pick<PartnerEndpointOptions, 'baseUrl' | 'requestsPerMinute' | 'connections'>
> & {
  /** No spend cap and no ramp holds it back: a duty of law, such as taking a negativation out again. */
  exempt?: true;
};

export interface DeliverOptions {
  /** The group whose endpoint it goes through; `default` unless told. */
  group?: string;
  /** `continue`: a refusal is final and the lane goes on; by default it waits for a person. */
  onRefused?: 'park' | 'continue';
  /**
   * A call of it costs money, or cannot be taken back: at most one is made whose outcome nobody knows. Its plans name an
   * `operationKey`, and a method says by `@Verify` whether the partner has it.
   */
  effect?: 'paid' | 'irreversible';
  /**
   * So many go in one call, each of another lane. The method takes their bodies and answers for each, or once for all of
   * them where nobody knows; they then go again together, under the same `call.batchId`. Its group has no other kind.
   */
  batch?: number;
  /** So long, from the first call, the partner takes another one with our idempotency key for the same. Absent: it does not. */
  idempotencyKeyForMs?: number;
}

export interface VerifyOptions {
  /** What the partner has taken shows there after this long at the latest, counted from the end of the call. */
  settlesWithinMs: number;
}

interface PlanEntry {
  pattern: string;
  method: string;
}

interface DeliverEntry extends DeliverOptions {
  operation: string;
  method: string;
}

interface VerifyEntry extends VerifyOptions {
  operation: string;
  method: string;
}

interface CheckEntry {
  group: string;
  method: string;
}

export { DEFAULT_GROUP };

const OPTIONS = Symbol('connector');
const PLANS = Symbol('plans');
const DELIVERS = Symbol('delivers');
const VERIFIES = Symbol('verifies');
const CHECKS = Symbol('checks');
const LOADS = Symbol('loads');
const AFTER_RUNS = Symbol('after runs');

/** A class whose methods say what is planned from which event, and what delivers it. */
export function Connector<S extends PartnerSettings>(options: ConnectorOptions<S>): ClassDecorator {
  return (target) => Reflect.defineMetadata(OPTIONS, options, target);
}

/** Refuses to compile for a pattern that names no event of the catalogue. */
type NamesEvents<P extends string> = [EventTypesMatching<P>] extends [never] ? `no event is called ${P}` : P;

type PlanMethod<P extends string> = (event: HubEvent<EventTypesMatching<P>>, settings: never) => Planned;

/**
 * The method plans these events: pure, from event and settings to deliveries. A star stands for one word.
 * A misspelt pattern, or a method that takes another event's data, does not compile.
 */
export function Plan<const P extends string>(pattern: NamesEvents<P>) {
  return <M extends PlanMethod<P>>(target: object, method: string, _descriptor: TypedPropertyDescriptor<M>): void => {
    append(PLANS, target, { pattern, method } satisfies PlanEntry);
  };
}

type DeliverMethod<O extends DeliverOptions> = O extends { batch: number }
  ? (bodies: never, call: BatchCall<never>) => Promise<Outcome | Outcome[]>
  : (body: never, call: Call<never>) => Promise<Outcome>;

/** The method makes this delivery and returns what the partner answered. What it throws is our bug. */
export function Deliver<const O extends DeliverOptions>(operation: string, options: O = {} as O) {
  return <M extends DeliverMethod<O>>(
    target: object,
    method: string,
    _descriptor: TypedPropertyDescriptor<M>,
  ): void => {
    append(DELIVERS, target, { operation, method, ...options } satisfies DeliverEntry);
  };
}

type VerifyMethod = (body: never, call: Call<never>) => Promise<Verification>;

/**
 * The method asks the partner, changing nothing there, whether it has exactly this delivery of a paid or irreversible
 * operation. What could be somebody else's (same document, same product) is `ambiguous`, never `present`.
 */
export function Verify(operation: string, options: VerifyOptions) {
  return <M extends VerifyMethod>(target: object, method: string, _descriptor: TypedPropertyDescriptor<M>): void => {
    append(VERIFIES, target, { operation, method, ...options } satisfies VerifyEntry);
  };
}

type CheckMethod = (call: Call<never>) => Promise<ConnectionVerdict>;

/** The method asks the partner, changing nothing there, whether address and credentials of this group are good. */
export function Check(group: string = DEFAULT_GROUP) {
  return <M extends CheckMethod>(target: object, method: string, _descriptor: TypedPropertyDescriptor<M>): void => {
    append(CHECKS, target, { group, method } satisfies CheckEntry);
  };
}

type LoadMethod = (title: ReceivableChanged, settings: never) => Planned;

export interface LoadOptions {
  /** Beside what is open, the first load holds what was settled within so many days. */
  settledWithinDays?: number;
}

interface LoadEntry extends LoadOptions {
  method: string;
}

/**
 * The method plans a title as it stands, of which no event tells: when an integration begins, comes back, or must be told
 * again. Pure, like a plan; what it plans is sent as states. `title.status` may be `deleted`.
 */
export function Load(options: LoadOptions = {}) {
  return <M extends LoadMethod>(target: object, method: string, _descriptor: TypedPropertyDescriptor<M>): void => {
    append(LOADS, target, { method, ...options } satisfies LoadEntry);
  };
}

type AfterRunMethod = (run: FinishedRun, settings: never) => Planned;

/** The method plans what is to be sent of a run that is through. Pure; it goes at once, without a window of its own. */
export function AfterRun() {
  return <M extends AfterRunMethod>(target: object, method: string, _descriptor: TypedPropertyDescriptor<M>): void => {
    append(AFTER_RUNS, target, method);
  };
}

/** One delivery of a plan; a `movement` unless said otherwise. */
export function plan(
  operation: string,
  delivery: Omit<PlannedDelivery, 'operation' | 'kind'> & { kind?: PlannedDelivery['kind'] },
): PlannedDelivery {
  return { kind: 'movement', ...delivery, operation };
}

/** Why a plan holds nothing: the support desk reads it. */
export function nothing(reason: string): Unplanned {
  return { code: 'filtered', reason };
}

export type ConnectorClass = new (...args: never[]) => object;

/** What the decorators of a connector class say, put together and checked. */
export interface ConnectorDefinition {
  name: string;
  /** `<name>-connector`: the app, its queue and its database schema follow from it. */
  app: string;
  settings: SettingsClass<PartnerSettings>;
  plans: readonly PlanEntry[];
  delivers: ReadonlyMap<string, DeliverEntry>;
  /** Deliveries in one call, by the groups that send many together. */
  batchSizes: ReadonlyMap<string, number>;
  systemParameter?: SystemParameterDescription;
  windowsFromSeconds: number;
  /** With `default` first. */
  groups: ReadonlyMap<string, (settings: PartnerSettings) => EndpointDifference>;
  /** The method that verifies a paid or irreversible operation, by operation. */
  verifies: ReadonlyMap<string, VerifyEntry>;
  /** The method that tests the connection, by group. */
  checks: ReadonlyMap<string, string>;
  /** The methods that log in. */
  logins: LoginEntries;
  /** The method that plans a title as it stands, where there is one. */
  load?: string;
  /** Titles settled within so many days are in the first load. */
  loadSettledDays?: number;
  /** The method that plans of a run that is through, where there is one. */
  afterRun?: string;
  /** AMQP patterns on erp.events, a whole aggregate each. */
  bindings: readonly string[];
}

/** Where a walk through the ERP's titles begins and ends, in line with its snapshots. */
const BACKFILLS = bindingOf('ponte.backfill.*.v1');

/** It becomes the name of a queue, of a schema and the first word of outcome types. */
const NAME = /^[a-z][a-z0-9-]{0,39}$/;

/** @throws TypeError naming the line to write where the class does not say enough */
export function definitionOf(connector: ConnectorClass): ConnectorDefinition {
  const options = optionsOf(connector);
  const plans = (Reflect.getMetadata(PLANS, connector.prototype) ?? []) as PlanEntry[];
  const delivers = (Reflect.getMetadata(DELIVERS, connector.prototype) ?? []) as DeliverEntry[];
  if (plans.length === 0)
    throw new TypeError(`${connector.name} plans nothing: write @Plan('erp.….v1') above a method`);
  if (delivers.length === 0)
    throw new TypeError(`${connector.name} delivers nothing: write @Deliver('<operation>') above a method`);
  for (const { pattern, method } of plans) {
    if (EVENT_TYPES.some((type) => matchesPattern(pattern, type))) continue;
    throw new TypeError(`${connector.name}.${method} plans "${pattern}", which names no event of the catalogue`);
  }
  const byOperation = new Map(delivers.map((entry) => [entry.operation, entry]));
  if (byOperation.size < delivers.length)
    throw new TypeError(`${connector.name} delivers an operation twice: one @Deliver for each`);
  const groups = new Map<string, (settings: PartnerSettings) => EndpointDifference>([
    [DEFAULT_GROUP, () => ({})],
    ...Object.entries(options.groups ?? {}),
  ]);
  const checks = (Reflect.getMetadata(CHECKS, connector.prototype) ?? []) as CheckEntry[];
  const loads = (Reflect.getMetadata(LOADS, connector.prototype) ?? []) as LoadEntry[];
  const afterRuns = (Reflect.getMetadata(AFTER_RUNS, connector.prototype) ?? []) as string[];
  for (const { group = DEFAULT_GROUP, method } of [...delivers, ...checks]) {
    if (groups.has(group)) continue;
    throw new TypeError(`${connector.name}.${method} goes by the group "${group}": write it under groups: { … }`);
  }
  const verifies = (Reflect.getMetadata(VERIFIES, connector.prototype) ?? []) as VerifyEntry[];
  const sizes = batchSizes(connector.name, delivers);
  requireVerified(connector.name, { delivers, verifies, checks, settings: options.settings });
  if (loads.length > 1) throw new TypeError(`${connector.name} has two @Load(): one plans a title as it stands`);
  const bindings = [...new Set([...plans.map(({ pattern }) => bindingOf(pattern)), ...(loads[0] ? [BACKFILLS] : [])])];
  return {
    ...(options.systemParameter && { systemParameter: options.systemParameter }),
    windowsFromSeconds: toSeconds(options.windowsFrom ?? '00:00'),
    groups,
    checks: new Map(checks.map(({ group, method }) => [group, method])),
    logins: loginsOf(connector, groups),
    verifies: new Map(verifies.map((entry) => [entry.operation, entry])),
    ...(loads[0] && { load: loads[0].method }),
    ...(loads[0]?.settledWithinDays !== undefined && { loadSettledDays: loads[0].settledWithinDays }),
    ...(afterRuns[0] && { afterRun: afterRuns[0] }),
    name: options.name,
    app: `${options.name}-connector`,
    settings: options.settings,
    plans,
    delivers: byOperation,
    batchSizes: sizes,
    bindings,
  };
}

function optionsOf(connector: ConnectorClass): ConnectorOptions<PartnerSettings> {
  const options = Reflect.getMetadata(OPTIONS, connector) as ConnectorOptions<PartnerSettings> | undefined;
  if (!options) throw new TypeError(`${connector.name} is no connector: write @Connector({ name, settings }) above it`);
  requireDefaults(connector.name, options.systemParameter?.settings);
  if (NAME.test(options.name)) return options;
  throw new TypeError(
    `${connector.name} is called "${options.name}": write a name of small letters, digits and hyphens, at most 40`,
  );
}

function toSeconds(time: string): number {
  const [hours, minutes] = time.split(':').map(Number);
  return hours! * 3_600 + minutes! * 60;
}

function append(key: symbol, prototype: object, entry: unknown): void {
  const before = (Reflect.getMetadata(key, prototype) ?? []) as unknown[];
  Reflect.defineMetadata(key, [...before, entry], prototype);
}

/** Injection token of the connector's definition. */
export const DEFINITION = Symbol('connector definition');
