import type { Server, ServerResponse } from 'node:http';
import { HttpException } from '@nestjs/common';
import type { HealthIndicators } from './health-indicators.js';
import type { HttpEnvironment } from './http-environment.js';
import { limitedServer } from './limited-server.js';
import type { Metrics } from './metrics.js';

/** What the ops port tells of an app's life; the app moves it on. */
export interface OpsState {
  phase: 'starting' | 'running' | 'shutting_down';
  health?: HealthIndicators;
  metrics?: Metrics;
}

const PATHS = ['/health/live', '/health/ready', '/metrics'];

/**
 * `/health/live`, `/health/ready` and `/metrics` on a port of their own, so a network policy can open it
 * to the cluster alone. Plain node:http: it answers from before the app is built until after it is closed.
 */
export function createOpsServer(state: OpsState, limits: HttpEnvironment): Server {
  return limitedServer(limits, (request, response) => {
    answer(state, request.url?.split('?')[0], response).catch((error: unknown) => {
      if (error instanceof HttpException) sendJson(response, error.getStatus(), error.getResponse());
      else sendJson(response, 500, { status: 'error', error: 'the check itself failed' });
    });
  });
}

async function answer(state: OpsState, path: string | undefined, response: ServerResponse): Promise<void> {
  switch (path) {
    case '/health/live':
      // Before and after it runs, a process that answers is alive; its shutdown has a deadline of its own.
      if (state.phase !== 'running' || !state.health) return sendJson(response, 200, { status: state.phase });
      return sendJson(response, 200, await state.health.checkLiveness());
    case '/health/ready':
      if (state.phase !== 'running' || !state.health) return sendJson(response, 503, { status: state.phase });
      return sendJson(response, 200, await state.health.checkReadiness());
    case '/metrics':
      return sendMetrics(response, state.metrics);
    default:
      return sendJson(response, 404, { status: 'not found', paths: PATHS });
  }
}

async function sendMetrics(response: ServerResponse, metrics: Metrics | undefined): Promise<void> {
  if (!metrics) return sendJson(response, 503, { status: 'starting' });
  const { contentType, body } = await metrics.render();
  response.writeHead(200, { 'content-type': contentType }).end(body);
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
