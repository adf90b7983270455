import { isDeepStrictEqual } from 'node:util';
import { getMetadataStorage, validateSync } from 'class-validator';
import {
  EVENT_TYPES,
  isCharge,
  matchesPattern,
  sampleOf,
  type HubEvent,
  type ReceivableChanged,
} from '#libs/contracts';
import type { PlannedDelivery } from '#libs/delivery';
import { Secret } from '#libs/runtime';
import { settingsOf, type SettingsClass } from '#libs/settings';
import { definitionOf, type ConnectorClass, type ConnectorDefinition, type Planned } from './definition.js';
import type { PartnerSettings } from './partner-settings.js';

export interface ConformanceWish {
  /** The least an operator must fill in, by name; secrets as plain texts. */
  settings: Record<string, unknown>;
  /** Events beside the catalogue's samples of the types the connector plans. */
  samples?: readonly HubEvent[];
}

const LANE_MAX = 200;
const LOOKS_SECRET = /token|secret|password|senha|credential|(^|api_?)key$/i;

/**
 * What every connector must keep, for its spec: `expect(connectorConformance(X, { settings })).toEqual([])`.
 * @returns what is broken, in sentences @throws TypeError where the class is no connector at all
 */
export function connectorConformance(connector: ConnectorClass, wish: ConformanceWish): string[] {
  const definition = definitionOf(connector);
  const settings = fill(definition.settings, wish.settings);
  return [
    ...settingsMistakes(definition.settings),
    ...settingsMistakes(definition.systemParameter?.settings ?? class {}),
    ...validateSync(settings).map((error) => `the minimal settings are not valid: ${error.toString().trim()}`),
    ...planMistakes(definition, connector, deepFreeze(settings), wish.samples ?? []),
    ...loadMistakes(definition, connector, deepFreeze(settings)),
    ...loginMistakes(definition),
  ];
}

function fill(cls: SettingsClass<PartnerSettings>, given: Record<string, unknown>): PartnerSettings {
  const secrets = settingsOf(cls).filter(({ name, secret }) => secret && given[name] !== undefined);
  const sealed = secrets.map(({ name }) => [name, new Secret(String(given[name]))]);
  return Object.assign(new cls(), given, Object.fromEntries(sealed));
}

function settingsMistakes(cls: SettingsClass): string[] {
  const described = settingsOf(cls);
  const names = new Set(described.map(({ name }) => name));
  const validated = getMetadataStorage().getTargetValidationMetadatas(cls, '', false, false);
  const bare = new Set(validated.map(({ propertyName }) => propertyName).filter((name) => !names.has(name)));
  return [
    ...[...bare].map((name) => `the setting ${name} is not described: write @Setting({ label: { pt, en } })`),
    ...described
      .filter(({ label }) => !label.pt?.trim() || !label.en?.trim())
      .map(({ name }) => `the setting ${name} needs a label in pt and one in en`),
    ...described
      .filter(({ name, secret }) => LOOKS_SECRET.test(name) && !secret)
      .map(({ name }) => `the setting ${name} looks like a secret and is not marked: write secret: true`),
  ];
}

type PlanMethod = (event: HubEvent, settings: PartnerSettings) => Planned;
type LoadMethod = (title: ReceivableChanged, settings: PartnerSettings) => Planned;

function planMistakes(
  { plans, delivers }: ConnectorDefinition,
  connector: ConnectorClass,
  settings: PartnerSettings,
  more: readonly HubEvent[],
): string[] {
  // A plan is pure: it needs nothing the constructor was given.
  const bare = Object.create(connector.prototype as object) as Record<string, PlanMethod>;
  return plans.flatMap(({ pattern, method }) => {
    const types = EVENT_TYPES.filter((type) => matchesPattern(pattern, type));
    const events = [
      ...types.map((type) => sampleOf(type)),
      ...more.filter(({ type }) => matchesPattern(pattern, type)),
    ];
    return events.flatMap((event) => {
      const mistakes = mistakesOf(() => bare[method]!(deepFreeze(structuredClone(event)), settings), delivers);
      return mistakes.map((mistake) => `${method} of ${event.type}: ${mistake}`);
    });
  });
}

/** A login is made with a secret, and what it brings is carried by a header. */
function loginMistakes({ logins, settings }: ConnectorDefinition): string[] {
  const isSecretive = settingsOf(settings).some(({ secret }) => secret);
  return [...logins.values()].flatMap(({ method, authorize }) => [
    ...(isSecretive ? [] : [`${method} logs in without a secret: write @Setting({ …, secret: true }) on the password`]),
    ...(carries(authorize(SOME_TOKEN))
      ? []
      : [
          `${method} logs in for a token no header carries: write authorize: (token) => ({ authorization: \`Bearer \${token}\` })`,
        ]),
  ]);
}

const SOME_TOKEN = 'a-token-of-the-conformance';

function carries(headers: Record<string, unknown>): boolean {
  const values = Object.values(headers);
  return values.every((value) => typeof value === 'string') && values.some((value) => value.includes(SOME_TOKEN));
}

/** A title as it stands, owed and deleted. */
function loadMistakes(
  { load, delivers }: ConnectorDefinition,
  connector: ConnectorClass,
  settings: PartnerSettings,
): string[] {
  if (!load) return [];
  const bare = Object.create(connector.prototype as object) as Record<string, LoadMethod>;
  const { movement: _, ...title } = sampleOf('erp.receivable.snapshot.v1').data;
  return (['open', 'deleted'] as const).flatMap((status) => {
    const planAnew = () => bare[load]!(deepFreeze({ ...structuredClone(title), status }), settings);
    return mistakesOf(planAnew, delivers).map((mistake) => `${load} of a title that is ${status}: ${mistake}`);
  });
}

function mistakesOf(planAnew: () => Planned, delivers: ConnectorDefinition['delivers']): string[] {
  let first: Planned;
  let second: Planned;
  try {
    [first, second] = [planAnew(), planAnew()];
  } catch (error) {
    return [`it throws, or changes what it is given: ${(error as Error).message}`];
  }
  const impure = isDeepStrictEqual(first, second) ? [] : ['the same event planned twice gives two answers'];
  if (!Array.isArray(first)) return first?.reason ? impure : [...impure, 'it plans nothing and does not say why'];
  const each = first.flatMap(({ operation, lane, body, operationKey, cost }) => [
    ...effectMistakes(delivers.get(operation)?.effect, { operation, operationKey, cost }),
    ...(delivers.has(operation) ? [] : [`nothing delivers "${operation}": write @Deliver('${operation}')`]),
    ...(lane.length > 0 && lane.length <= LANE_MAX
      ? []
      : [`a lane has 1 to ${LANE_MAX} characters, not ${lane.length}`]),
    ...(survivesJson(body) ? [] : [`the body of ${operation} does not survive JSON`]),
  ]);
  return [...impure, ...each];
}

/** What costs money or cannot be taken back is asked for once, and by what it costs. */
function effectMistakes(
  effect: 'paid' | 'irreversible' | undefined,
  { operation, operationKey, cost }: Pick<PlannedDelivery, 'operation' | 'operationKey' | 'cost'>,
): string[] {
  return [
    ...(effect && !operationKey
      ? [`"${operation}" is ${effect}: plan it with an operationKey that names this wish for ever`]
      : []),
    ...(effect === 'paid' && cost === undefined ? [`"${operation}" is paid: plan it with its cost`] : []),
    ...(cost !== undefined && !isCharge(cost) ? [`the cost of "${operation}" is no money: ${String(cost)}`] : []),
    ...(!effect && operationKey !== undefined
      ? [`"${operation}" has an operationKey: write effect: 'paid' or 'irreversible' on its @Deliver`]
      : []),
  ];
}

function survivesJson(body: object): boolean {
  try {
    return isDeepStrictEqual(JSON.parse(JSON.stringify(body)), body);
  } catch {
    return false;
  }
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || value instanceof Secret) return value;
  for (const inner of Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}
