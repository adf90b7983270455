import 'reflect-metadata';
import {
  bindingOf,
  matchesPattern,
  EVENT_TYPES,
  type EventTypesMatching,
  type HubEvent,
  type Outcome,
} from '#libs/contracts';
import type { PlannedDelivery, Unplanned } from '#libs/delivery';
import type { SettingsClass } from '#libs/settings';
import type { Call } from './call.js';
import type { PartnerSettings } from './partner-settings.js';

/** What a plan answers: deliveries, in order; or why there are none. */
export type Planned = PlannedDelivery[] | Unplanned;

export interface ConnectorOptions<S extends PartnerSettings> {
  /** The first word of outcome types, the name of the schema and of the integrations: `customerx`. */
  name: string;
  settings: SettingsClass<S>;
}

export interface DeliverOptions {
  /** `continue`: a refusal is final and the lane goes on; by default it waits for a person. */
  onRefused?: 'park' | 'continue';
}

interface PlanEntry {
  pattern: string;
  method: string;
}

interface DeliverEntry extends DeliverOptions {
  operation: string;
  method: string;
}

const OPTIONS = Symbol('connector');
const PLANS = Symbol('plans');
const DELIVERS = Symbol('delivers');

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

type DeliverMethod = (body: never, call: Call<never>) => Promise<Outcome>;

/** The method makes this delivery and returns what the partner answered. What it throws is our bug. */
export function Deliver(operation: string, options: DeliverOptions = {}) {
  return <M extends DeliverMethod>(target: object, method: string, _descriptor: TypedPropertyDescriptor<M>): void => {
    append(DELIVERS, target, { operation, method, ...options } satisfies DeliverEntry);
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
  /** AMQP patterns on erp.events, a whole aggregate each. */
  bindings: readonly string[];
}

/** It becomes the name of a queue, of a schema and the first word of outcome types. */
const NAME = /^[a-z][a-z0-9-]{0,39}$/;

/** @throws TypeError naming the line to write where the class does not say enough */
export function definitionOf(connector: ConnectorClass): ConnectorDefinition {
  const options = Reflect.getMetadata(OPTIONS, connector) as ConnectorOptions<PartnerSettings> | undefined;
  if (!options) throw new TypeError(`${connector.name} is no connector: write @Connector({ name, settings }) above it`);
  if (!NAME.test(options.name))
    throw new TypeError(
      `${connector.name} is called "${options.name}": write a name of small letters, digits and hyphens, at most 40`,
    );
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
  const bindings = [...new Set(plans.map(({ pattern }) => bindingOf(pattern)))];
  return {
    name: options.name,
    app: `${options.name}-connector`,
    settings: options.settings,
    plans,
    delivers: byOperation,
    bindings,
  };
}

function append(key: symbol, prototype: object, entry: unknown): void {
  const before = (Reflect.getMetadata(key, prototype) ?? []) as unknown[];
  Reflect.defineMetadata(key, [...before, entry], prototype);
}

/** Injection token of the connector's definition. */
export const DEFINITION = Symbol('connector definition');
