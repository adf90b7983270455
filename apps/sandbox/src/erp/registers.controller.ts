import { Body, Controller, Get, Headers, Param, Put, Query } from '@nestjs/common';
import type { CustomerChanged, RegisterEntryChanged } from '#libs/contracts';
import { CompanyQuery } from './erp-requests.js';
import { Erp } from './erp.js';
import { BranchRequest, BusinessUnitRequest, CustomerRequest } from './register-requests.js';
import { putBranch, putBusinessUnit, putCustomer } from './register-changes.js';

/** The registers of the sandbox's ERP. Each change answers with the data of the event it wrote. */
@Controller('erp')
export class RegistersController {
  constructor(private readonly erp: Erp) {}

  @Get('registers')
  registers() {
    return this.erp.registers();
  }

  @Put('branches/:code')
  putBranch(
    @Param('code') code: string,
    @Query() { company }: CompanyQuery,
    @Body() { actor, ...wish }: BranchRequest,
    @Headers('traceparent') traceparent?: string,
  ): Promise<RegisterEntryChanged> {
    return putBranch(this.erp.pool, { company, code, ...wish }, { actor, traceparent });
  }

  @Put('business-units/:code')
  putBusinessUnit(
    @Param('code') code: string,
    @Query() { company }: CompanyQuery,
    @Body() { actor, ...wish }: BusinessUnitRequest,
    @Headers('traceparent') traceparent?: string,
  ): Promise<RegisterEntryChanged> {
    return putBusinessUnit(this.erp.pool, { company, code, ...wish }, { actor, traceparent });
  }

  @Put('customers/:id')
  putCustomer(
    @Param('id') id: string,
    @Query() { company }: CompanyQuery,
    @Body() { actor, ...wish }: CustomerRequest,
    @Headers('traceparent') traceparent?: string,
  ): Promise<CustomerChanged> {
    return putCustomer(this.erp.pool, { company, id, ...wish }, { actor, traceparent });
  }
}
