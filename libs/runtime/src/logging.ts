import type { IncomingMessage } from 'node:http';
import type { Params } from 'nestjs-pino';
import { maskFields, maskLine } from './log-masking.js';
import { traceIdOfRequest } from './request-trace.js';

/**
 * One JSON line per request and per log call; instants in UTC. What must not be read in a log is masked twice:
 * by field name wherever it appears, and by shape in the finished line (documents, bearer tokens, URL passwords).
 */
export function logging(app: string, level: string): Params {
  return {
    pinoHttp: {
      level,
      base: { app },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }), log: (fields) => maskFields(fields) },
      hooks: { streamWrite: maskLine },
      genReqId: traceIdOfRequest,
      customAttributeKeys: { reqId: 'traceId' },
      quietReqLogger: true,
      serializers: {
        err: (error: unknown) => serializeError(error),
        req: (request: IncomingMessage) => ({ method: request.method, path: request.url?.split('?')[0] }),
        res: (response: { statusCode: number }) => ({ status: response.statusCode }),
      },
      // The exception itself was logged where it was caught, under the same trace id.
      customErrorObject: (_request, _response, _error, { err: _invented, ...fields }: Record<string, unknown>) =>
        fields,
      customLogLevel: (_request, response, error) =>
        error || response.statusCode >= 500 ? 'error' : response.statusCode >= 400 ? 'warn' : 'info',
    },
  };
}

const MAX_CAUSES = 3;

/**
 * What tells of an error; a driver's error carries the statement's parameters and the row as well, and those stay out.
 * pino-http hands over its own rendering, with the error itself under `raw`.
 */
function serializeError(thrown: unknown, depth = 0): unknown {
  const error = (thrown as { raw?: unknown } | null)?.raw ?? thrown;
  if (!(error instanceof Error)) return typeof error === 'string' ? error : '[not an error]';
  const { name, message, stack, cause, code, constraint, table } = error as Error & Record<string, unknown>;
  const inner = cause !== undefined && depth < MAX_CAUSES ? serializeError(cause, depth + 1) : undefined;
  return { type: name, message, stack, code, constraint, table, cause: inner };
}
