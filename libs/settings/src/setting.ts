import 'reflect-metadata';
import { IsSecret } from '#libs/runtime';

/** Words a person reads, Portuguese first. */
export interface Words {
  pt: string;
  en: string;
}

export type WhoMayChange = 'vendor' | 'admin';

/** Another setting has this value, or one of these. */
export interface ShownWhen {
  setting: string;
  equals: string | number | boolean | readonly (string | number | boolean)[];
}

export interface SettingDescription {
  label: Words;
  help?: Words;
  /** Kept encrypted, write-only: no answer, log or history shows it. The property's type is `Secret`. */
  secret?: true;
  /** `admin` unless said otherwise; the vendor may change everything. */
  whoMayChange?: WhoMayChange;
  /** Shown, and asked for, only while another setting has this value. */
  shownWhen?: ShownWhen;
  /** Changes what the partner was told before: saving it needs a word on sending everything again. */
  resends?: true;
}

export interface DescribedSetting extends SettingDescription {
  name: string;
  whoMayChange: WhoMayChange;
}

/** A class-validator class whose every property carries `@Setting`. */
export type SettingsClass<S extends object = object> = new () => S;

const SETTINGS = Symbol('settings');

/** Describes one setting of an integration; the class-validator decorators beside it say what is a good value. */
export function Setting(description: SettingDescription): PropertyDecorator {
  return (prototype, property) => {
    const name = String(property);
    const before = (Reflect.getMetadata(SETTINGS, prototype) as DescribedSetting[] | undefined) ?? [];
    const described = { whoMayChange: 'admin' as const, ...description, name };
    Reflect.defineMetadata(SETTINGS, [...before.filter((other) => other.name !== name), described], prototype);
    if (description.secret) IsSecret()(prototype, property);
  };
}

/** In the order they are written in the class. */
export function settingsOf(cls: SettingsClass): readonly DescribedSetting[] {
  return (Reflect.getMetadata(SETTINGS, cls.prototype as object) as DescribedSetting[] | undefined) ?? [];
}

export function isShown(setting: DescribedSetting, values: object): boolean {
  const condition = setting.shownWhen;
  if (condition === undefined) return true;
  return [condition.equals].flat().includes((values as Record<string, never>)[condition.setting]!);
}
