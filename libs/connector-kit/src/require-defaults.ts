import { validateSync } from 'class-validator';
import { settingsOf, type SettingsClass } from '#libs/settings';

/**
 * The system parameter is switched before anybody fills in what it says, and is read without the keys of secrets.
 * @throws TypeError naming the line to write
 */
export function requireDefaults(connector: string, cls: SettingsClass | undefined): void {
  if (!cls) return;
  const secret = settingsOf(cls).find((setting) => setting.secret);
  if (secret)
    throw new TypeError(
      `${cls.name}.${secret.name} of ${connector} is a secret: write it in the integration's settings`,
    );
  const [mistake] = validateSync(new cls(), { forbidUnknownValues: false });
  if (!mistake) return;
  const { property } = mistake;
  throw new TypeError(`${cls.name}.${property} of ${connector} is not valid as it begins: write "${property} = …"`);
}
