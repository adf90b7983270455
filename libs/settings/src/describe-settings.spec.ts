import { expect, it } from '@jest/globals';
import { IsString } from 'class-validator';
import { describeSettings } from './describe-settings.js';
import { Setting } from './setting.js';
import { ShopSettings } from '../test/shop-settings.js';

it('describes every setting in the order of the class, enough for a form to be drawn', () => {
  expect(describeSettings(ShopSettings)).toEqual([
    {
      name: 'token',
      label: { pt: 'Token', en: 'Token' },
      secret: true,
      required: true,
      whoMayChange: 'admin',
      schema: { type: 'string', writeOnly: true },
    },
    {
      name: 'baseUrl',
      label: { pt: 'Endereço', en: 'Address' },
      help: { pt: 'Sem barra no fim', en: 'No slash at the end' },
      secret: false,
      required: true,
      whoMayChange: 'admin',
      schema: { type: 'string', format: 'url' },
    },
    {
      name: 'periodMinutes',
      label: { pt: 'Periodicidade (min)', en: 'Period (min)' },
      secret: false,
      required: false,
      whoMayChange: 'vendor',
      default: 120,
      schema: { type: 'integer', minimum: 5, maximum: 1440 },
    },
    {
      name: 'tracking',
      label: { pt: 'Rastreamento', en: 'Tracking' },
      secret: false,
      required: false,
      whoMayChange: 'admin',
      default: 'off',
      schema: { type: 'string', enum: ['off', 'run', 'settlement'] },
    },
    {
      name: 'trackingKey',
      label: { pt: 'Chave', en: 'Key' },
      secret: true,
      required: true,
      whoMayChange: 'admin',
      shownWhen: { setting: 'tracking', equals: 'run' },
      schema: { type: 'string', writeOnly: true },
    },
    {
      name: 'note',
      label: { pt: 'Observação', en: 'Note' },
      secret: false,
      required: false,
      whoMayChange: 'admin',
      schema: { type: 'string' },
    },
  ]);
});

it('describes what a class inherits before its own, with the defaults of the class that is used', () => {
  class GiftShopSettings extends ShopSettings {
    override periodMinutes = 60;

    @Setting({ label: { pt: 'Laço', en: 'Ribbon' } })
    @IsString()
    ribbon!: string;
  }
  const described = describeSettings(GiftShopSettings);
  expect(described.map(({ name }) => name)).toEqual([
    ...describeSettings(ShopSettings).map(({ name }) => name),
    'ribbon',
  ]);
  expect(described.find(({ name }) => name === 'periodMinutes')).toMatchObject({
    default: 60,
    whoMayChange: 'vendor',
    schema: { minimum: 5 },
  });
  expect(described.at(-1)).toMatchObject({ name: 'ribbon', required: true });
});
