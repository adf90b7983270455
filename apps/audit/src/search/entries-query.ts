import { IsIn, IsISO8601, IsOptional, IsString, IsUUID, Length, Matches, MaxLength } from 'class-validator';
import { PageQuery } from '#libs/runtime';
import type { Order } from './search.sql.js';
import type { Wish } from './scopes.js';

const INSTANT = { strict: true, strictSeparator: true } as const;

/** Whose entries: the ERP, its company, one branch of it. */
export class WhereQuery extends PageQuery implements Wish {
  /** The ERP: `/erp/<instance>`. What Ponte's apps said about its companies is found with it. */
  @IsOptional()
  @IsString()
  @MaxLength(80)
  source?: string;

  @IsOptional()
  @IsString()
  @MaxLength(40)
  company?: string;

  @IsOptional()
  @IsString()
  @MaxLength(40)
  branch?: string;
}

/** Every filter narrows; `document`, `title` and `subject` are looked up by keyed hash. */
export class EntriesQuery extends WhereQuery {
  /** CPF or CNPJ, with or without punctuation. */
  @IsOptional()
  @Length(3, 30)
  document?: string;

  /** Title number as the ERP prints it. */
  @IsOptional()
  @Length(1, 60)
  title?: string;

  /** `<aggregate>/<id>`, such as `receivable/4711-2`, `customer/8841` or `contract/2207`. */
  @IsOptional()
  @Matches(/^[a-z-]{1,40}\/.{1,120}$/u)
  subject?: string;

  @IsOptional()
  @Length(1, 120)
  actor?: string;

  @IsOptional()
  @IsUUID()
  eventId?: string;

  @IsOptional()
  @Matches(/^[0-9a-f]{32}$/)
  traceId?: string;

  /** `*` stands for anything: `erp.receivable.*`. */
  @IsOptional()
  @Matches(/^[a-z0-9.*-]{1,120}$/)
  type?: string;

  /** Events recorded by the ERP at or after this instant … */
  @IsOptional()
  @IsISO8601(INSTANT)
  from?: string;

  /** … and before this one. */
  @IsOptional()
  @IsISO8601(INSTANT)
  to?: string;

  /** By the order in which they were received. */
  @IsOptional()
  @IsIn(['newest', 'oldest'])
  order: Order = 'newest';
}

export class TimelineQuery implements Wish {
  @IsUUID()
  eventId!: string;

  @IsOptional()
  @IsString()
  @MaxLength(80)
  source?: string;

  @IsOptional()
  @IsString()
  @MaxLength(40)
  company?: string;
}

export class RevealRequest {
  /** Why somebody must see it; recorded. */
  @IsString()
  @Length(3, 500)
  reason!: string;
}
