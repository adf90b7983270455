import { expect, it } from '@jest/globals';
import { Controller, Get, Module, Post, type Type } from '@nestjs/common';
import { EventPattern } from '@nestjs/microservices';
import { AppEnvironment, openApp, readEnvironment } from '#libs/runtime';
import { Public, RequirePermission } from './access-decorators.js';
import { withAccess } from './access-environment.js';
import { AccessModule } from './access.module.js';

class ShopEnvironment extends withAccess(AppEnvironment) {}

const environment = readEnvironment(ShopEnvironment, {
  HTTP_PORT: '0',
  OPS_PORT: '0',
  LOG_LEVEL: 'silent',
  ACCESS_ISSUER: 'http://localhost:9000',
  ACCESS_AUDIENCE: 'ponte',
  ACCESS_JWKS_URL: 'http://localhost:9000/jwks',
});

async function refusalOf(controller: Type): Promise<string> {
  @Module({ imports: [AccessModule.for(environment)], controllers: [controller] })
  class ShopModule {}
  try {
    const running = await openApp(
      { name: 'shop', environment: ShopEnvironment, module: () => ShopModule },
      environment,
    );
    await running.close();
    return 'started';
  } catch (error) {
    return (error as Error).message;
  }
}

it('refuses to start while a route says nothing about access, naming the route and the line to write', async () => {
  @Controller('orders')
  class OrdersController {
    @Get()
    @RequirePermission('deliveries.read')
    list() {}

    @Post(':id/cancel')
    cancel() {}

    @Get('secret')
    show() {}
  }
  const refusal = await refusalOf(OrdersController);
  expect(refusal).toContain(
    "OrdersController.cancel (POST /orders/:id/cancel): write @RequirePermission('…') above it, or @Public()",
  );
  expect(refusal).toContain('OrdersController.show (GET /orders/secret)');
  expect(refusal).not.toContain('OrdersController.list');
});

it('refuses a permission that is not in the catalogue, and a route that is public and guarded at once', async () => {
  @Controller()
  class OddController {
    @Get('a')
    @RequirePermission('toString' as 'deliveries.read')
    misspelt() {}

    @Get('b')
    @Public()
    @RequirePermission('deliveries.read')
    undecided() {}
  }
  const refusal = await refusalOf(OddController);
  expect(refusal).toContain("@RequirePermission('toString') names no permission of the catalogue");
  expect(refusal).toContain('OddController.undecided (GET /b): write @RequirePermission or @Public, not both');
});

it('starts when every route says it, on itself or on its controller; message handlers are no routes', async () => {
  @RequirePermission('deliveries.read')
  @Controller('orders')
  class OrdersController {
    @Get()
    list() {}

    @Get('open')
    @Public()
    open() {}
  }
  expect(await refusalOf(OrdersController)).toBe('started');

  @Controller()
  class IntakeController {
    @EventPattern<string>('orders')
    receive() {}
  }
  expect(await refusalOf(IntakeController)).toBe('started');
});
