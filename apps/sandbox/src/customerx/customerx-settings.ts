import { Type } from 'class-transformer';
import {
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsNotEmpty,
  IsOptional,
  IsString,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';

/** One customer of CustomerX: its own clients and financials. */
export class CustomerXAccountSettings {
  /** How logs and answers of the control API call it. */
  @IsString()
  @IsNotEmpty()
  name!: string;

  /** REST API. */
  @IsString()
  @IsNotEmpty()
  token!: string;

  /** Tracking API, together with the key. */
  @IsString()
  @IsNotEmpty()
  credential!: string;

  @IsString()
  @IsNotEmpty()
  key!: string;

  /** The licence has ended: the token is known and lets nobody in. */
  @IsBoolean()
  licenceEnded: boolean = false;
}

/** How this CustomerX behaves; the public page leaves room, so what it leaves open can be set. */
export class CustomerXSettings {
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => CustomerXAccountSettings)
  accounts: CustomerXAccountSettings[] = [
    { name: 'demo', token: 'sandbox-token', credential: 'sandbox-credential', key: 'sandbox-key', licenceEnded: false },
  ];

  /** `raw`: `Authorization: <token>`; `bearer`: `Authorization: Bearer <token>`; `api_key`: `api_key: <token>`. */
  @IsIn(['raw', 'bearer', 'api_key'])
  authHeader: 'raw' | 'bearer' | 'api_key' = 'raw';

  /** What dates in a body may look like. */
  @IsIn(['dd/mm/yyyy', 'iso', 'both'])
  dateFormat: 'dd/mm/yyyy' | 'iso' | 'both' = 'dd/mm/yyyy';

  /** A financial of a client it does not know is refused. */
  @IsBoolean()
  strictClients: boolean = false;

  /** Only this many characters of an external id count, in what is written and in what is looked for; longer ones collide in silence. */
  @IsOptional()
  @IsInt()
  @Min(1)
  externalIdLength?: number;

  @IsInt()
  @Min(1)
  @Max(20)
  perPageMax: number = 20;

  /** Per account; 0 lifts it. */
  @IsInt()
  @Min(0)
  rateLimitPerMinute: number = 60;
}
