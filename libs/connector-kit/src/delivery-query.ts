import { Transform, Type } from 'class-transformer';
import {
  IsBoolean,
  IsDate,
  IsIn,
  IsInt,
  IsNumberString,
  IsOptional,
  IsString,
  IsUUID,
  Length,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import type { DeliveryFilter } from '#libs/delivery';
import { DEFAULT_PAGE_LIMIT, MAX_PAGE_LIMIT, type PageQuery } from '#libs/runtime';

/** Words a person filters deliveries by; what is left out is not looked at. */
export class DeliveryFilterParameters {
  @IsOptional()
  @IsString()
  @Length(1, 80)
  source?: string;

  @IsOptional()
  @IsString()
  @Length(1, 40)
  company?: string;

  @IsOptional()
  @IsString()
  @Length(1, 40)
  branch?: string;

  @IsOptional()
  @IsNumberString({ no_symbols: true })
  @Length(1, 18)
  integrationId?: string;

  @IsOptional()
  @IsString()
  @Length(1, 80)
  operation?: string;

  /** `receivable/4711-2` */
  @IsOptional()
  @IsString()
  @Length(1, 161)
  subject?: string;

  @IsOptional()
  @IsUUID()
  eventId?: string;

  @IsOptional()
  @IsString()
  @Length(1, 120)
  receivableId?: string;

  @IsOptional()
  @IsString()
  @Length(1, 60)
  titleNumber?: string;

  @IsOptional()
  @IsString()
  @Length(1, 120)
  customerId?: string;

  @IsOptional()
  @IsString()
  @Length(1, 120)
  contractId?: string;

  /** From this instant: of the planning, of settled ones the settlement, of failures the last failure. */
  @IsOptional()
  @Type(() => Date)
  @IsDate()
  from?: Date;

  /** Up to this instant, which is left out. */
  @IsOptional()
  @Type(() => Date)
  @IsDate()
  to?: Date;

  /** Somewhere in the reason, in capitals or not. */
  @IsOptional()
  @IsString()
  @Length(2, 200)
  reasonContains?: string;

  /** One group of `/deliveries/failures`. */
  @IsOptional()
  @IsString()
  @Length(16, 16)
  fingerprint?: string;
}

/** What waits for a person, to be sent again in bulk. */
export class RedriveFilterParameters extends DeliveryFilterParameters {
  @IsOptional()
  @IsIn(['parked', 'unknown'])
  state?: string;
}

/** Groups of what waits for a person. */
export class FailureParameters extends DeliveryFilterParameters {
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MAX_PAGE_LIMIT)
  limit: number = DEFAULT_PAGE_LIMIT;
}

/** A list page by page, filtered. */
export class DeliveryListParameters extends FailureParameters implements PageQuery {
  @IsOptional()
  @IsString()
  @MaxLength(1_000)
  cursor?: string;

  /** Whether to list what is through instead of what is open. */
  @IsOptional()
  @Transform(({ value }) => (value === 'true' ? true : value === 'false' ? false : value))
  @IsBoolean()
  settled: boolean = false;

  @IsOptional()
  @IsString()
  @Length(1, 20)
  state?: string;
}

/** As the ledger looks for it. */
export function toDeliveryFilter({
  receivableId,
  titleNumber,
  customerId,
  contractId,
  ...filter
}: RedriveFilterParameters): DeliveryFilter {
  const keys = { receivableId, titleNumber, customerId, contractId };
  const given = Object.entries(keys).filter(([, value]) => value !== undefined);
  return { ...filter, ...(given.length > 0 && { keys: Object.fromEntries(given) }) };
}
