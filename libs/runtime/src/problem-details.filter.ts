import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  Catch,
  HttpException,
  Logger,
  NotFoundException,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import { throwError, type Observable } from 'rxjs';
import { maskLine } from './log-masking.js';
import { Problem } from './problem.js';
import { traceIdOfRequest } from './request-trace.js';

/**
 * Every HTTP error leaves as RFC 9457 problem details. An exception nobody meant for the caller becomes a 500
 * that tells the trace id and nothing else; the log has the rest. Under a message handler the original error
 * goes on to the transport, which decides.
 */
@Catch()
export class ProblemDetailsFilter implements ExceptionFilter {
  private readonly logger = new Logger(ProblemDetailsFilter.name);

  catch(error: unknown, host: ArgumentsHost): Observable<never> | void {
    if (host.getType() !== 'http') return throwError(() => error);
    const request = host.switchToHttp().getRequest<IncomingMessage>();
    const response = host.switchToHttp().getResponse<ServerResponse>();
    const problem = toProblem(error);
    if (problem.getStatus() >= 500) this.logger.error(error);
    if (response.headersSent) return void response.destroy();
    const body = problem.toBody(pathOf(request), traceIdOfRequest(request));
    response.writeHead(problem.getStatus(), { 'content-type': 'application/problem+json' }).end(JSON.stringify(body));
  }
}

/** Without the query, which may carry a document somebody searched for. */
function pathOf(request: IncomingMessage & { originalUrl?: string }): string {
  return (request.originalUrl ?? request.url ?? '/').split('?')[0]!;
}

function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const status = error instanceof HttpException ? error.getStatus() : statusOf(error);
  if (status === undefined || status >= 500) {
    return new Problem({
      type: 'internal',
      status: status ?? 500,
      detail: 'Something failed on our side; quote the trace id.',
    });
  }
  const title = STATUS_CODES[status] ?? 'Error';
  const type = title.toLowerCase().replaceAll(' ', '-');
  return new Problem({ type, status, title, detail: detailOf(error) });
}

/** The router quotes the address with its query, the JSON parser the body: both may hold a document, or a secret. */
function detailOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (/\bJSON\b/.test(error.message)) return 'The body is not valid JSON.';
  if (error instanceof NotFoundException && /^Cannot [A-Z]+ /.test(error.message)) return 'There is no such route.';
  return maskLine(error.message);
}

/** Express' body parser throws errors that carry a `statusCode`. */
function statusOf(error: unknown): number | undefined {
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' && status >= 400 && status < 600 ? status : undefined;
}
