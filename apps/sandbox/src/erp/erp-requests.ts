import { Transform, Type } from 'class-transformer';
import {
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsISO8601,
  IsNotEmpty,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateIf,
} from 'class-validator';
import { PageQuery } from '#libs/runtime';
import type { Title } from './title.js';

const IsMoneyText = () =>
  Matches(/^(?:0|[1-9]\d{0,12})\.\d{2}$/, { message: '$property must be a decimal text with two places: "150.00"' });
const IsSignedMoneyText = () =>
  Matches(/^-?(?:0|[1-9]\d{0,12})\.\d{2}$/, {
    message: '$property must be a decimal text with two places: "150.00" or "-150.00"',
  });
const IsDay = () => Matches(/^\d{4}-\d{2}-\d{2}$/, { message: '$property must be a date: 2026-07-01' });
const STATUSES: Title['status'][] = ['open', 'partially-settled', 'settled', 'canceled', 'deleted'];

/** Company `1` unless said otherwise: title numbers repeat between companies. */
export class CompanyQuery {
  @IsString()
  @IsNotEmpty()
  @MaxLength(40)
  company: string = '1';
}

/** What every movement may say; the date is today in São Paulo unless said otherwise. */
export class MovementRequest {
  @IsString()
  @IsNotEmpty()
  @MaxLength(100)
  actor: string = 'sandbox';

  @IsOptional()
  @IsDay()
  @IsISO8601({ strict: true })
  date?: string;
}

export class OpenTitleRequest {
  @IsString()
  @IsNotEmpty()
  @MaxLength(100)
  actor: string = 'sandbox';

  @IsString()
  @IsNotEmpty()
  @MaxLength(40)
  company: string = '1';

  @IsString()
  @IsNotEmpty()
  @MaxLength(40)
  branch: string = '01';

  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(40)
  businessUnit?: string;

  @IsString()
  @IsNotEmpty()
  @MaxLength(60)
  customerId: string = 'C1';

  @IsOptional()
  @IsString()
  @MaxLength(60)
  contractId?: string;

  @IsIn(['title', 'check'])
  kind: 'title' | 'check' = 'title';

  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(60)
  number?: string;

  @IsString()
  @IsNotEmpty()
  @MaxLength(20)
  installment: string = '1';

  @IsOptional()
  @IsDay()
  @IsISO8601({ strict: true })
  issueDate?: string;

  /** Thirty days after the issue unless said otherwise. */
  @IsOptional()
  @IsDay()
  @IsISO8601({ strict: true })
  dueDate?: string;

  @IsMoneyText()
  amount!: string;

  @IsBoolean()
  disputed: boolean = false;
}

export class SettleRequest extends MovementRequest {
  @IsOptional()
  @IsDay()
  @IsISO8601({ strict: true })
  creditedOn?: string;

  /** Money received, fine and interest included; absent settles all that is owed. */
  @IsOptional()
  @IsMoneyText()
  amount?: string;

  @IsMoneyText()
  discount: string = '0.00';

  @IsMoneyText()
  fine: string = '0.00';

  @IsMoneyText()
  interest: string = '0.00';
}

export class AdjustRequest extends MovementRequest {
  @IsIn(['discount', 'fine', 'interest', 'due-date'])
  kind!: 'discount' | 'fine' | 'interest' | 'due-date';

  /** Added to what the title has; negative takes back. */
  @ValidateIf((request: AdjustRequest) => request.kind !== 'due-date')
  @IsSignedMoneyText()
  amount?: string;

  @ValidateIf((request: AdjustRequest) => request.kind === 'due-date')
  @IsDay()
  @IsISO8601({ strict: true })
  dueDate?: string;
}

export class GenerateRequest {
  @IsInt()
  @Min(1)
  @Max(10_000)
  companies: number = 1;

  @IsInt()
  @Min(1)
  @Max(1_000_000)
  titles!: number;

  @IsInt()
  @Min(1)
  @Max(200)
  movementsPerTitle: number = 5;

  @IsInt()
  seed: number = 1;

  @IsOptional()
  @IsInt()
  @Min(1)
  ratePerSecond?: number;
}

export class HistoryQuery extends CompanyQuery {
  /** Where the rows come from; becomes the actor of the events. */
  @IsString()
  @MaxLength(80)
  source: string = 'unnamed';

  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  ratePerSecond?: number;
}

export class HistoryRequest {
  /** As a CSV reader gives them; see `readHistoryRows`. */
  @IsArray()
  @Transform(({ value }) => value, { toClassOnly: true })
  rows!: unknown[];
}

export class TitlesQuery extends PageQuery {
  @IsOptional()
  @IsString()
  company?: string;

  @IsOptional()
  @IsIn(STATUSES)
  status?: Title['status'];
}
