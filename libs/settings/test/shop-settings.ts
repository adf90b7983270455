import { IsIn, IsInt, IsOptional, IsString, IsUrl, Max, Min } from 'class-validator';
import { Secret } from '#libs/runtime';
import { Setting } from '../src/setting.js';

/** Settings of a partner that exists in these specs only; each kind of setting once. */
export class ShopSettings {
  @Setting({ label: { pt: 'Token', en: 'Token' }, secret: true })
  token!: Secret;

  @Setting({ label: { pt: 'Endereço', en: 'Address' }, help: { pt: 'Sem barra no fim', en: 'No slash at the end' } })
  @IsUrl({ protocols: ['https'], require_protocol: true })
  baseUrl!: string;

  @Setting({ label: { pt: 'Periodicidade (min)', en: 'Period (min)' }, whoMayChange: 'vendor' })
  @IsInt()
  @Min(5)
  @Max(1440)
  periodMinutes: number = 120;

  @Setting({ label: { pt: 'Rastreamento', en: 'Tracking' } })
  @IsIn(['off', 'run', 'settlement'])
  tracking: string = 'off';

  @Setting({ label: { pt: 'Chave', en: 'Key' }, secret: true, shownWhen: { setting: 'tracking', equals: 'run' } })
  trackingKey!: Secret;

  @Setting({ label: { pt: 'Observação', en: 'Note' } })
  @IsOptional()
  @IsString()
  note?: string;
}
