import { Type } from 'class-transformer';
import { IsBoolean, IsIn, IsOptional, IsString, IsUUID, Length, ValidateNested } from 'class-validator';
import { IsMoney } from '#libs/connector-kit';
import { PageQuery } from '#libs/runtime';
import type { DecisionKind } from './decision.js';

class Person {
  /** CPF or CNPJ, in whatever punctuation and case. */
  @IsString()
  @Length(11, 30)
  document!: string;

  /** Absent for a lead or a prospect. */
  @IsOptional()
  @IsString()
  @Length(1, 120)
  id?: string;

  @IsOptional()
  @IsString()
  @Length(1, 200)
  name?: string;
}

/** Where something is asked: a company, or one branch of it. */
export class PlaceQuery {
  @IsString()
  @Length(1, 80)
  source!: string;

  @IsString()
  @Length(1, 40)
  company!: string;

  @IsOptional()
  @IsString()
  @Length(1, 40)
  branch?: string;
}

export class AskBody extends PlaceQuery {
  /** Of this press of the button; sent again under it, it is the same request. A new one unless given. */
  @IsOptional()
  @IsUUID()
  id?: string;

  @ValidateNested()
  @Type(() => Person)
  customer!: Person;

  /** [identificador de produtos] The branch's standard one unless given. */
  @IsOptional()
  @IsString()
  @Length(1, 80)
  product?: string;

  /** The analysis that was shown: the person knows of it, and pays for a new one. */
  @IsOptional()
  @IsUUID()
  insteadOf?: string;

  /** Of a company whose titles were not read whole: the person knows, and wants it by what is known. */
  @IsOptional()
  @IsBoolean()
  knownSuffices?: boolean;
}

export class HistoryQuery extends PageQuery {
  @IsString()
  @Length(1, 80)
  source!: string;

  @IsString()
  @Length(1, 40)
  company!: string;

  /** CPF or CNPJ, in whatever punctuation and case. */
  @IsString()
  @Length(11, 30)
  document!: string;
}

export class CancelBody {
  @IsString()
  @Length(3, 500)
  reason!: string;
}

export class LaterBody {
  @IsOptional()
  @IsString()
  @Length(3, 500)
  note?: string;
}

class Standing {
  /** [situação de crédito] */
  @IsOptional()
  @IsString()
  @Length(1, 80)
  situation?: string;

  /** [limite de crédito] */
  @IsOptional()
  @IsMoney()
  limit?: string;
}

export class DecisionBody {
  /** As proposed; otherwise; not at all. */
  @IsIn(['confirmed', 'changed', 'canceled'])
  kind!: DecisionKind;

  /** What is in force, as the screen showed it: an ERP that finds another applies nothing. */
  @IsOptional()
  @ValidateNested()
  @Type(() => Standing)
  from?: Standing;

  /** Of `changed`. */
  @IsOptional()
  @ValidateNested()
  @Type(() => Standing)
  to?: Standing;

  @IsOptional()
  @IsString()
  @Length(3, 500)
  reason?: string;
}
