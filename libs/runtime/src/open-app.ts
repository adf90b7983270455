import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DynamicModule, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { CustomTransportStrategy } from '@nestjs/microservices';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { LoggerModule } from 'nestjs-pino';
import { BootLogger } from './boot-logger.js';
import { Clock } from './clock.js';
import type { AppEnvironment } from './environment.js';
import { HealthIndicators } from './health-indicators.js';
import { readNetworks } from './http-environment.js';
import { basicHeaders, type Middleware } from './http-headers.js';
import { LimitedAdapter } from './limited-server.js';
import { logging } from './logging.js';
import { Metrics } from './metrics.js';
import { createOpsServer, type OpsState } from './ops-server.js';
import { ProblemDetailsFilter } from './problem-details.filter.js';
import { rateLimit } from './rate-limit.js';
import { refuseUnstorable } from './refuse-unstorable.js';
import { RuntimeModule } from './runtime.module.js';
import { createValidationPipe } from './validation-pipe.js';

export interface AppOptions<E extends AppEnvironment> {
  /** As in the file name `.env.<name>`, in logs and in metrics. */
  name: string;
  environment: new () => E;
  module: (environment: E) => DynamicModule | Type;
  /** The strategy that feeds this app's message handlers; it listens before HTTP does. */
  microservice?: (app: NestExpressApplication) => CustomTransportStrategy | undefined;
  /** Express-level preparation before the routes are built, for what Nest has no word for. */
  prepare?: (app: NestExpressApplication) => void;
}

export interface RunningApp {
  app: NestExpressApplication;
  url: string;
  opsUrl: string;
  /** Readiness first, then the app's shutdown hooks, then HTTP, the ops port last. */
  close(signal?: string): Promise<void>;
}

const JSON_TYPES = ['application/json', 'application/*+json'];

/** Builds and opens an app without taking over the process: no signals, no exit. Tests use it; `startApp` adds the rest. */
export async function openApp<E extends AppEnvironment>(options: AppOptions<E>, environment: E): Promise<RunningApp> {
  const state: OpsState = { phase: 'starting' };
  const ops = createOpsServer(state, environment);
  await listen(ops, environment.OPS_PORT, environment.HTTP_HOST);
  let app: NestExpressApplication | undefined;
  try {
    app = await createApp(options, environment);
    const metrics = app.get(Metrics);
    metrics.collectProcess();
    state.metrics = metrics;
    await openTransports(app, options, environment);
  } catch (error) {
    await app?.close().catch(() => undefined);
    ops.close();
    throw error;
  }
  state.health = app.get(HealthIndicators);
  state.phase = 'running';
  return { app, url: addressOf(app.getHttpServer()), opsUrl: addressOf(ops), close };

  async function close(signal?: string): Promise<void> {
    state.phase = 'shutting_down';
    await (app as { close(signal?: string): Promise<void> }).close(signal);
    await new Promise((resolve) => ops.close(resolve));
  }
}

async function createApp<E extends AppEnvironment>(options: AppOptions<E>, environment: E) {
  const loggingParams = logging(options.name, environment.LOG_LEVEL);
  const root = {
    module: class AppModule {},
    imports: [
      LoggerModule.forRoot(loggingParams),
      RuntimeModule.for(options.name, environment),
      options.module(environment),
    ],
  };
  const app = await NestFactory.create<NestExpressApplication>(root, new LimitedAdapter(environment), {
    logger: new BootLogger(loggingParams),
    abortOnError: false,
    bodyParser: false,
  });
  app.disable('x-powered-by');
  app.use(basicHeaders);
  limitRequests(app, environment);
  app.useBodyParser('json', { limit: environment.HTTP_BODY_LIMIT_BYTES, type: JSON_TYPES });
  app.use(refuseUnstorable);
  app.useGlobalPipes(createValidationPipe());
  app.useGlobalFilters(new ProblemDetailsFilter());
  if (environment.HTTP_DOCS ?? environment.NODE_ENV !== 'production') serveDocsLazily(app, options.name);
  options.prepare?.(app);
  return app;
}

/** Ahead of everything that costs something: the body is not read, the token is not checked. */
function limitRequests(app: NestExpressApplication, environment: AppEnvironment): void {
  if (environment.HTTP_REQUESTS_PER_SECOND === 0) return;
  app.set('trust proxy', readNetworks(environment.HTTP_TRUSTED_PROXIES));
  const refused = app.get(Metrics).counter('ponte_http_rate_limited_total', 'Requests refused with 429');
  app.use(rateLimit(environment, app.get(Clock), () => refused.add()));
}

async function openTransports<E extends AppEnvironment>(
  app: NestExpressApplication,
  options: AppOptions<E>,
  environment: E,
): Promise<void> {
  const strategy = options.microservice?.(app);
  // Without inheritAppConfig the message handlers would run without the filter and the pipe, silently.
  if (strategy) app.connectMicroservice({ strategy }, { inheritAppConfig: true });
  // Start-up hooks run before the first message is handed over.
  await app.init();
  await app.startAllMicroservices();
  await app.listen(environment.HTTP_PORT, environment.HTTP_HOST);
}

/** The OpenAPI machinery costs 20 MB and is seldom asked for: it is loaded by the first who asks. */
function serveDocsLazily(app: NestExpressApplication, name: string): void {
  app.use('/docs', (...[request, response, next]: Parameters<Middleware>) => {
    import('./api-docs.js').then(({ docsOf }) => docsOf(app, name)(request, response, next)).catch(next);
  });
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
}

function addressOf(server: Server): string {
  const { address, port, family } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
