import 'reflect-metadata';
import { Body, Controller, Get, Logger, Module, Post, Query } from '@nestjs/common';
import { IsInt, IsString } from 'class-validator';
import { AppEnvironment, PageQuery, startApp } from '../src/index.js';

class Order {
  @IsString()
  number!: string;

  @IsInt()
  lines!: number;
}

/** The smallest app: the specs start it as a process of its own, as `node main.js` is started. */
@Controller('orders')
class OrdersController {
  @Get()
  list(@Query() query: PageQuery): PageQuery {
    return query;
  }

  @Post()
  create(@Body() order: Order): Order {
    return order;
  }

  @Get('bug')
  fail(): never {
    throw new Error('the customer 529.982.247-25 broke it');
  }

  @Get('refused')
  refuse(): never {
    const fields = { code: '23505', detail: 'Key (name)=(Maria) already exists.', parameters: ['Maria'] };
    throw Object.assign(new Error('duplicate key'), fields, { cause: Object.assign(new Error('inner'), fields) });
  }

  @Get('stray')
  reject(): string {
    void Promise.reject(new Error('nobody waits for me'));
    return 'answered';
  }

  @Get('slow')
  wait(): Promise<string> {
    new Logger('Orders').log('slow begun');
    return new Promise((resolve) => setTimeout(() => resolve('done'), 60_000));
  }
}

@Module({ controllers: [OrdersController] })
class TinyModule {}

class TinyEnvironment extends AppEnvironment {}

await startApp({ name: 'tiny', environment: TinyEnvironment, module: () => TinyModule });
