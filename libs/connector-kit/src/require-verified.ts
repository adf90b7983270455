import type { SettingsClass } from '#libs/settings';
import { DEFAULT_GROUP } from './default-group.js';
import type { PartnerSettings } from './partner-settings.js';
import { SpendSettings } from './spend-settings.js';

/** What the decorators of a connector class say of its operations and groups. */
interface Declared {
  delivers: readonly { operation: string; method: string; group?: string; effect?: 'paid' | 'irreversible' }[];
  verifies: readonly { operation: string; method: string }[];
  checks: readonly { group: string }[];
  settings: SettingsClass<PartnerSettings>;
}

/**
 * Whatever costs money or cannot be taken back can be verified, probed without a call, and held to a budget.
 * @throws TypeError naming the line to write
 */
export function requireVerified(name: string, { delivers, verifies, checks, settings }: Declared): void {
  for (const { operation, method, effect, group = DEFAULT_GROUP } of delivers) {
    const of = verifies.filter((entry) => entry.operation === operation);
    if (!effect && of.length > 0)
      throw new TypeError(`${name}.${of[0]!.method} verifies "${operation}", which is neither paid nor irreversible`);
    if (!effect) continue;
    const call = `${name}.${method} is ${effect}`;
    if (of.length !== 1)
      throw new TypeError(
        `${call}: write @Verify('${operation}', { settlesWithinMs }) above one method that asks whether the partner has it`,
      );
    if (!checks.some((check) => check.group === group))
      throw new TypeError(`${call}, so no call of it probes: write ${checkOf(group)}`);
    if (effect === 'paid' && !(settings.prototype instanceof SpendSettings))
      throw new TypeError(`${call}: write class ${settings.name} extends SpendSettings, so that it can be capped`);
  }
  const unmade = verifies.find(({ operation }) => !delivers.some((entry) => entry.operation === operation));
  if (unmade) throw new TypeError(`${name}.${unmade.method} verifies "${unmade.operation}", which nothing delivers`);
}

function checkOf(group: string): string {
  return `@Check(${group === DEFAULT_GROUP ? '' : `'${group}'`}) above a method that tests its connection`;
}
