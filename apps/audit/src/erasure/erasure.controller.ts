import { Body, Controller, HttpCode, Post, Req } from '@nestjs/common';
import { IsInt, IsOptional, IsString, Length } from 'class-validator';
import type { IncomingMessage } from 'node:http';
import { CurrentCaller, RequirePermission, type Caller } from '#libs/access';
import { Documented, traceIdOfRequest } from '#libs/runtime';
import { Erasure, type ErasureOrder } from './erasure.js';

export class EraseRequest implements ErasureOrder {
  /** CPF or CNPJ, with or without punctuation. */
  @Length(3, 30)
  document!: string;

  /** Why, and on whose request. */
  @Length(3, 500)
  reason!: string;

  /** Without source and company: in every company the caller may erase in. */
  @IsOptional()
  @Length(1, 80)
  source?: string;

  @IsOptional()
  @Length(1, 40)
  company?: string;
}

export class ErasedView {
  @IsString()
  source!: string;

  @IsString()
  company!: string;

  /** Keys thrown away. */
  @IsInt()
  keys!: number;

  /** Index rows removed. */
  @IsInt()
  searchTokens!: number;

  /** The entry that records the erasure; the document finds it. */
  @IsString()
  entryId!: string;
}

@Controller('subjects')
export class ErasureController {
  constructor(private readonly erasure: Erasure) {}

  @Post('erase')
  @HttpCode(200)
  @RequirePermission('audit.erase')
  @Documented({ summary: 'Erase a person for good; the chain still verifies', list: ErasedView })
  async erase(
    @CurrentCaller() caller: Caller,
    @Body() order: EraseRequest,
    @Req() request: IncomingMessage,
  ): Promise<ErasedView[]> {
    const erased = await this.erasure.erase(caller, order, traceIdOfRequest(request));
    return erased.map(({ owner, ...rest }) => ({ source: owner, ...rest }));
  }
}
