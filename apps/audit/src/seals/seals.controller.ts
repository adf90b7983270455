import { Controller, Get, Query } from '@nestjs/common';
import { IsInt, IsISO8601, IsOptional, IsString, Length, Matches, ValidateNested } from 'class-validator';
import { Type } from 'class-transformer';
import { Pool } from 'pg';
import { CurrentCaller, RequirePermission, type Caller } from '#libs/access';
import { Documented, invalidRequest } from '#libs/runtime';
import { Scopes, type Wish } from '../search/scopes.js';
import { headsOf } from './sealer.js';
import { ChainVerifier, type Break, type KnownHead } from './verify-chain.js';

const SEAL_NUMBER = /^[1-9]\d{0,17}$/;

export class HeadQuery implements Wish {
  @IsOptional()
  @Length(1, 80)
  source?: string;

  @IsOptional()
  @Length(1, 40)
  company?: string;
}

export class VerifyQuery {
  @Length(1, 80)
  source!: string;

  @Length(1, 40)
  company!: string;

  /** Where an earlier call said to go on. */
  @IsOptional()
  @Matches(SEAL_NUMBER)
  fromSeal?: string;

  /** A head somebody wrote down earlier: its number … */
  @IsOptional()
  @Matches(SEAL_NUMBER)
  knownSeal?: string;

  /** … and its hash. */
  @IsOptional()
  @Matches(/^[0-9a-f]{64}$/)
  knownHash?: string;
}

export class HeadView {
  @IsString()
  source!: string;

  @IsString()
  company!: string;

  @IsString()
  seal!: string;

  /** SHA-256, hexadecimal. */
  @IsString()
  hash!: string;

  @IsISO8601()
  sealedAt!: string;
}

export class BreakView implements Break {
  @IsString()
  kind!: Break['kind'];

  @IsString()
  seal!: string;

  @IsOptional()
  @IsString()
  entryId?: string;
}

export class VerificationView {
  @IsInt()
  seals!: number;

  @IsInt()
  entries!: number;

  /** Recorded and not sealed yet. */
  @IsInt()
  unsealed!: number;

  /** The first thing that does not fit; absent where everything does. */
  @IsOptional()
  @ValidateNested()
  @Type(() => BreakView)
  break?: BreakView;

  /** Present where this call looked at as much as one may: ask again with `fromSeal`. */
  @IsOptional()
  @IsString()
  nextSeal?: string;
}

@Controller('seals')
@RequirePermission('audit.verify')
export class SealsController {
  constructor(
    private readonly pool: Pool,
    private readonly scopes: Scopes,
    private readonly chain: ChainVerifier,
  ) {}

  @Get('head')
  @Documented({ summary: 'The last seal of each company: write it down elsewhere', list: HeadView })
  async head(@CurrentCaller() caller: Caller, @Query() query: HeadQuery): Promise<HeadView[]> {
    const scopes = await this.scopes.of(caller, 'audit.verify', query);
    const heads = await headsOf(
      this.pool,
      scopes.filter(({ branch }) => branch === undefined),
    );
    return heads.map(({ owner, company, number, hash, sealedAt }) => ({
      source: owner,
      company,
      seal: number,
      hash: hash.toString('hex'),
      sealedAt: sealedAt.toISOString(),
    }));
  }

  @Get('verify')
  @Documented({
    summary: 'Walk the chain of a company and name the first thing that does not fit',
    answer: VerificationView,
  })
  verify(@CurrentCaller() caller: Caller, @Query() query: VerifyQuery): Promise<VerificationView> {
    const { source, company, fromSeal } = query;
    caller.require('audit.verify', { source, company });
    return this.chain.verify({ owner: source, company }, fromSeal, knownHeadOf(query));
  }
}

function knownHeadOf({ knownSeal, knownHash }: VerifyQuery): KnownHead | undefined {
  if (knownSeal === undefined && knownHash === undefined) return undefined;
  if (knownSeal !== undefined && knownHash !== undefined) return { number: knownSeal, hash: knownHash };
  const pointer = knownSeal === undefined ? '/knownSeal' : '/knownHash';
  throw invalidRequest([{ pointer, detail: 'knownSeal and knownHash are one head: give both or none' }]);
}
