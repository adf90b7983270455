import { CreateIntegration1764000000000 } from './create-integration.migration.js';
import { CreateSystemParameter1764110000000 } from './create-system-parameter.migration.js';
import { IntegrationEntity } from './integration.entity.js';
import { SettingChangeEntity } from './setting-change.entity.js';
import { SystemParameterSettings1764190000000 } from './system-parameter-settings.migration.js';

/** What an app adds to its own `databaseModule`. */
export const SETTINGS_ENTITIES = [IntegrationEntity, SettingChangeEntity];
export const SETTINGS_MIGRATIONS = [
  CreateIntegration1764000000000,
  CreateSystemParameter1764110000000,
  SystemParameterSettings1764190000000,
];

export { IntegrationEntity, SettingChangeEntity };
export { describeSettings, type SettingForm } from './describe-settings.js';
export type { Integration, IntegrationState, Lack } from './integration.js';
export type { Changer, IntegrationInput } from './integration-change.js';
export {
  IntegrationRegistry,
  type Queryable,
  type Reencryption,
  type SavedIntegration,
} from './integration-registry.js';
export { IsKeyRing, readKeyRing, withSettingsKeys, type KeyRing } from './key-ring.js';
export { SecretBox, SecretUnreadable, type SecretPlace } from './secret-box.js';
export {
  Setting,
  settingsOf,
  type DescribedSetting,
  type SettingDescription,
  type SettingsClass,
  type WhoMayChange,
  type Words,
} from './setting.js';
export { readSettingHistory, type SettingChange } from './setting-history.js';
export {
  SystemParameters,
  type SystemParameter,
  type SystemParameterChange,
  type SystemParameterDescription,
} from './system-parameter.js';
export type { SystemParameterInput } from './system-parameter-change.js';
