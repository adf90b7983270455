import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Body, Controller, Get, Module, NotFoundException, Post, Query } from '@nestjs/common';
import { CustomTransportStrategy, EventPattern, Payload, Server } from '@nestjs/microservices';
import { Type } from 'class-transformer';
import { ArrayMaxSize, IsInt, IsOptional, IsString, ValidateNested } from 'class-validator';
import { isObservable, lastValueFrom, type Observable } from 'rxjs';
import { cursorPage, PageQuery, type Page } from './cursor-page.js';
import { Documented } from './documented.js';
import { AppEnvironment, readEnvironment } from './environment.js';
import { HealthIndicators } from './health-indicators.js';
import { openApp, type RunningApp } from './open-app.js';
import { Problem } from './problem.js';

class Line {
  @IsString()
  article!: string;

  @IsInt()
  quantity!: number;
}

class Order {
  @IsString()
  number!: string;

  @ValidateNested({ each: true })
  @Type(() => Line)
  @ArrayMaxSize(10)
  lines!: Line[];
}

class OrderQuery extends PageQuery {
  @IsOptional()
  @IsString()
  status?: string;
}

@Controller('orders')
class OrdersController {
  @Get()
  @Documented({ summary: 'Lists orders, newest first', page: Order })
  list(@Query() query: OrderQuery): Page<Order> {
    const rows = Array.from({ length: 3 }, (_, i) => ({ number: String(i), lines: [] }));
    return cursorPage(rows.slice(0, query.limit + 1), query.limit, (row) => [row.number]);
  }

  @Post()
  create(@Body() order: Order): Order {
    return order;
  }

  @Get('taken')
  take(): never {
    throw new Problem({ type: 'order-taken', status: 409, detail: 'Somebody else has it.' });
  }

  @Get('gone')
  lose(): never {
    throw new NotFoundException('no such order');
  }

  @Get('bug')
  fail(): never {
    throw new Error('select * from orders where secret = 1');
  }

  @EventPattern<string>('orders')
  receive(@Payload() messages: { fail?: true }[]): number {
    if (messages[0]?.fail) throw new RangeError('original');
    return messages.length;
  }
}

@Module({ controllers: [OrdersController] })
class ShopModule {}

/** The least a strategy does: it calls the handler and sees what came of it. */
class DirectTransport extends Server implements CustomTransportStrategy {
  listen(done: () => void): void {
    done();
  }
  close(): void {}
  on(): never {
    throw new Error('no events');
  }
  unwrap(): never {
    throw new Error('nothing beneath');
  }
  async deliver(messages: object[]): Promise<unknown> {
    const result: unknown = await this.getHandlerByPattern('orders')!(messages, {} as never);
    return isObservable(result) ? lastValueFrom(result as Observable<unknown>, { defaultValue: undefined }) : result;
  }
}

class ShopEnvironment extends AppEnvironment {}

const environment = readEnvironment(ShopEnvironment, {
  HTTP_PORT: '0',
  OPS_PORT: '0',
  LOG_LEVEL: 'silent',
  HTTP_BODY_LIMIT_BYTES: '2048',
});

let running: RunningApp;
const transport = new DirectTransport();

beforeAll(async () => {
  running = await openApp(
    { name: 'shop', environment: ShopEnvironment, module: () => ShopModule, microservice: () => transport },
    environment,
  );
});

afterAll(() => running.close());

const get = (path: string, init?: RequestInit) => fetch(running.url + path, init);
const post = (body: string) =>
  get('/orders', { method: 'POST', body, headers: { 'content-type': 'application/json' } });

describe('an answer that is not success', () => {
  it('is problem details with a stable type, the path without its query, and the trace id of the caller', async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const answer = await get('/orders/taken?document=52998224725', { headers: { traceparent } });
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(await answer.json()).toEqual({
      type: 'urn:ponte:problem:order-taken',
      title: 'Conflict',
      status: 409,
      detail: 'Somebody else has it.',
      instance: '/orders/taken',
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    });
  });

  it('names every mistake of a body by JSON pointer, unknown properties included', async () => {
    const answer = await post(
      '{"lines": [{"article": "x", "quantity": 1}, {"article": 7, "quantity": "2"}], "tip": 1}',
    );
    const { status, type, errors } = (await answer.json()) as {
      status: number;
      type: string;
      errors: { pointer: string }[];
    };
    expect([answer.status, status, type]).toEqual([400, 400, 'urn:ponte:problem:invalid-request']);
    expect(errors.map(({ pointer }) => pointer).sort()).toEqual([
      '/lines/1/article',
      '/lines/1/quantity',
      '/number',
      '/tip',
    ]);
  });

  it.each([
    ['a route that is not there', '/nowhere', 404, 'not-found'],
    ["Nest's own exception", '/orders/gone', 404, 'not-found'],
    ['a limit above the bound', '/orders?limit=501', 400, 'invalid-request'],
  ])('has a type for %s', async (_what, path, status, type) => {
    const answer = await get(path);
    expect([answer.status, ((await answer.json()) as { type: string }).type]).toEqual([
      status,
      `urn:ponte:problem:${type}`,
    ]);
  });

  it('refuses a body that is too large or no JSON', async () => {
    expect((await post(`{"number": "${'9'.repeat(3_000)}"}`)).status).toBe(413);
    expect((await post('{"number": ')).status).toBe(400);
  });

  it('tells nothing of a bug but the trace id', async () => {
    const answer = await get('/orders/bug');
    const text = await answer.text();
    expect(answer.status).toBe(500);
    expect(text).not.toContain('secret');
    expect(JSON.parse(text)).toMatchObject({
      type: 'urn:ponte:problem:internal',
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
  });
});

it('pages a list', async () => {
  const page = (await (await get('/orders?limit=2')).json()) as Page<Order>;
  expect(page.items).toHaveLength(2);
  expect(page.next).toEqual(expect.any(String));
});

it('sends the headers of an API that is no web page', async () => {
  const { headers } = await get('/orders');
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('cache-control')).toBe('no-store');
  expect(headers.get('x-powered-by')).toBeNull();
});

describe('message handlers', () => {
  it('get their batch, and their exception reaches the transport as it was thrown', async () => {
    expect(await transport.deliver([{}, {}])).toBe(2);
    await expect(transport.deliver([{ fail: true }])).rejects.toThrow(RangeError);
  });
});

describe('/docs', () => {
  it('describes routes, queries, bodies, pages and problems as OpenAPI 3.1', async () => {
    const document = await (await get('/docs/openapi.json')).json();
    expect(document).toMatchObject({
      openapi: '3.1.0',
      paths: {
        '/orders': {
          get: {
            summary: 'Lists orders, newest first',
            parameters: expect.arrayContaining([
              { name: 'limit', in: 'query', required: false, schema: { type: 'integer', minimum: 1, maximum: 500 } },
              { name: 'status', in: 'query', required: false, schema: { type: 'string' } },
            ]),
            responses: {
              200: {
                content: {
                  'application/json': {
                    schema: { properties: { items: { items: { $ref: '#/components/schemas/Order' } } } },
                  },
                },
              },
              default: {
                content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
              },
            },
          },
        },
      },
      components: {
        schemas: {
          Order: {
            properties: { lines: { type: 'array', items: { $ref: '#/components/schemas/Line' }, maxItems: 10 } },
          },
          Line: { required: ['article', 'quantity'] },
        },
      },
    });
  });

  it('shows it on a page that loads nothing from elsewhere', async () => {
    const page = await get('/docs');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(await page.text()).not.toMatch(/https?:/);
    expect((await get('/docs/swagger-ui-bundle.js')).headers.get('content-type')).toBe('text/javascript');
    expect((await get('/docs/package.json')).status).toBe(404);
  });
});

describe('the ops port', () => {
  const ops = (path: string) => fetch(running.opsUrl + path);

  it('is alive whatever readiness says, and ready when every check passes', async () => {
    let broken = false;
    running.app.get(HealthIndicators).registerReadiness('shelf', () => {
      if (broken) throw new Error('shelf empty');
      return { rows: 3 };
    });
    expect(await (await ops('/health/ready')).json()).toMatchObject({
      status: 'ok',
      details: { shelf: { status: 'up', rows: 3 } },
    });
    broken = true;
    const unready = await ops('/health/ready');
    expect(unready.status).toBe(503);
    expect(await unready.json()).toMatchObject({ details: { shelf: { status: 'down', message: 'shelf empty' } } });
    expect((await ops('/health/live')).status).toBe(200);
  });

  it('gives the metrics of the process', async () => {
    expect(await (await ops('/metrics')).text()).toContain('nodejs_eventloop_lag_seconds{app="shop"}');
  });

  it('serves nothing of the API, nor the API port anything of it', async () => {
    expect((await ops('/orders')).status).toBe(404);
    expect((await get('/metrics')).status).toBe(404);
  });
});
