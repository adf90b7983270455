import { Controller, Get, Query } from '@nestjs/common';
import { CurrentCaller, RequirePermission, type Caller } from '#libs/access';
import { Documented } from '#libs/runtime';
import { PlaceQuery } from './credit-bodies.js';
import { CreditProducts, type ShownProduct } from './credit-products.js';

/** The field in which a product is chosen before an analysis is asked for. */
@Controller('credit-analyses/products')
export class CreditProductsController {
  constructor(private readonly products: CreditProducts) {}

  @Get()
  @RequirePermission('credit-analyses.request')
  @Documented({ summary: 'What may be asked for in a place, what each costs today, and which are the standard ones' })
  async list(@CurrentCaller() caller: Caller, @Query() place: PlaceQuery): Promise<{ items: ShownProduct[] }> {
    caller.require('credit-analyses.request', place);
    return { items: await this.products.list(place) };
  }
}
