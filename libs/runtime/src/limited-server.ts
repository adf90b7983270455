import { createServer, STATUS_CODES, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { HttpEnvironment } from './http-environment.js';
import { Problem } from './problem.js';
import { newTraceparent, traceIdOf } from './traceparent.js';

const LOOKS_EVERY_MS = 1_000;

/** A server that gives up on callers who send too much, too slowly, or what is no HTTP. */
export function limitedServer(limits: HttpEnvironment, listener: RequestListener): Server {
  const server = createServer(
    {
      maxHeaderSize: limits.HTTP_HEADER_LIMIT_BYTES,
      headersTimeout: Math.min(limits.HTTP_HEADERS_TIMEOUT_MS, limits.HTTP_REQUEST_TIMEOUT_MS),
      requestTimeout: limits.HTTP_REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: LOOKS_EVERY_MS,
      insecureHTTPParser: false, // explicit: stronger than --insecure-http-parser
    },
    listener,
  );
  server.maxConnections = limits.HTTP_MAX_CONNECTIONS;
  server.on('clientError', answerBadClient);
  return closingSilentConnections(server);
}

/** Node waits for who has connected and said nothing yet: one of them would keep an app from ever closing in order. */
function closingSilentConnections(server: Server): Server {
  const silent = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
  });
  server.on('request', ({ socket }) => silent.delete(socket));
  const close = server.close.bind(server);
  server.close = (callback) => {
    close(callback);
    for (const socket of silent) socket.destroy();
    return server;
  };
  return server;
}

/** Nest makes its server without any of these. */
export class LimitedAdapter extends ExpressAdapter {
  constructor(private readonly limits: HttpEnvironment) {
    super();
  }

  override initHttpServer(): void {
    this.httpServer = limitedServer(this.limits, this.getInstance() as RequestListener);
  }
}

/** Where Node keeps the answer under way on its socket; its page on `clientError` looks there too. */
const MESSAGE = '_httpMessage';

/** No request was ever read, so no filter sees this: the same problem details, written by hand. */
function answerBadClient(error: NodeJS.ErrnoException, stream: NodeJS.WritableStream): void {
  const socket = stream as Socket & { [MESSAGE]?: { headersSent: boolean } };
  if (error.code === 'ECONNRESET' || !socket.writable || socket[MESSAGE]?.headersSent) {
    socket.destroy();
    return;
  }
  const problem = problemOf(error.code);
  const body = JSON.stringify(problem.toBody('/', traceIdOf(newTraceparent())!));
  const head = [
    `HTTP/1.1 ${problem.getStatus()} ${problem.details.title}`,
    'connection: close',
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}

function problemOf(code: string | undefined): Problem {
  const status = code === 'HPE_HEADER_OVERFLOW' ? 431 : code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
  const type = STATUS_CODES[status]!.toLowerCase().replaceAll(' ', '-');
  return new Problem({ type, status, detail: DETAILS[status] });
}

const DETAILS: Record<number, string> = {
  400: 'This is no HTTP request.',
  408: 'The request did not come in time.',
  431: 'The headers are larger than this server takes.',
};
