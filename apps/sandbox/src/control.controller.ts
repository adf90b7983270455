import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, Min } from 'class-validator';
import type { CallLogPage } from './call-log.js';
import { PartnerFaults, type FaultsState } from './partner-faults.js';
import { Partners } from './partners.js';

class CallsQuery {
  /** The last call already seen. */
  @Type(() => Number)
  @IsInt()
  @Min(0)
  after: number = 0;

  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(20_000)
  limit: number = 1_000;
}

class StateQuery {
  @IsOptional()
  @IsString()
  account?: string;
}

class ResetQuery {
  @IsOptional()
  @IsString()
  partner?: string;
}

/** What a test or a demo asks of the simulated partners and does to them; the same for each. */
@Controller('control')
export class ControlController {
  constructor(private readonly partners: Partners) {}

  /** All calls, in the order in which the partner acted on them. */
  @Get(':partner/calls')
  calls(@Param('partner') partner: string, @Query() { after, limit }: CallsQuery): CallLogPage {
    return this.partners.named(partner).calls.page(after, limit);
  }

  @Get(':partner/state')
  state(@Param('partner') partner: string, @Query() { account }: StateQuery): unknown {
    return this.partners.named(partner).partner.state(account);
  }

  @Get(':partner/faults')
  faults(@Param('partner') partner: string): FaultsState {
    return this.partners.named(partner).faults.state();
  }

  /** Takes the place of the faults that stand. */
  @Put(':partner/faults')
  setFaults(@Param('partner') partner: string, @Body() faults: PartnerFaults): FaultsState {
    const { faults: standing } = this.partners.named(partner);
    standing.set(faults);
    return standing.state();
  }

  @Delete(':partner/faults')
  @HttpCode(204)
  clearFaults(@Param('partner') partner: string): void {
    this.partners.named(partner).faults.clear();
  }

  /** Every partner, or one, back to its first day; the ERP keeps its titles. */
  @Post('reset')
  @HttpCode(204)
  reset(@Query() { partner }: ResetQuery): void {
    this.partners.reset(partner);
  }
}
