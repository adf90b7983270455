import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { PartnerEndpoint, type PartnerEndpointOptions, type Surroundings } from '../src/partner-endpoint.js';

export interface PartnerServer {
  port: number;
  /** `http://localhost:port` or `https://localhost:port` */
  url: string;
  /** Method and path of every request that arrived, in order. */
  requests: string[];
  /** Sockets accepted so far. */
  sockets: Socket[];
  close(): Promise<void>;
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A real partner on the loopback, speaking HTTP. */
export function startPartner(answer: Answer): Promise<PartnerServer> {
  return listen((listener) => createServer(listener), 'http', answer);
}

/** The same over TLS, with one of the certificates beside this file. */
export function startTlsPartner(answer: Answer, certificate = 'partner'): Promise<PartnerServer> {
  const tls = { cert: pem(`${certificate}.pem`), key: pem(`${certificate}.key`) };
  return listen((listener) => createTlsServer(tls, listener), 'https', answer);
}

export function pem(file: string): string {
  return readFileSync(new URL(`./certificates/${file}`, import.meta.url), 'utf8');
}

export function answerJson(response: ServerResponse, status: number, body: unknown, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

/** An endpoint that may talk to the loopback in plain HTTP, as no production one does by itself. */
export function endpointOf(
  url: string,
  options: Partial<PartnerEndpointOptions> = {},
  surroundings: Surroundings = {},
): PartnerEndpoint {
  const limits = { deadlineMs: 5_000, connections: 4, maxBodyBytes: 100_000 };
  const loopback = { allowPlainHttp: true, allowPrivateAddresses: true };
  return new PartnerEndpoint({ name: 'partner', baseUrl: url, ...limits, ...loopback, ...options }, surroundings);
}

async function listen(
  create: (listener: RequestListener) => Server,
  scheme: string,
  answer: Answer,
): Promise<PartnerServer> {
  const requests: string[] = [];
  const sockets: Socket[] = [];
  const server = create((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    answer(request, response);
  });
  server.on('connection', (socket: Socket) => sockets.push(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return { port, url: `${scheme}://localhost:${port}`, requests, sockets, close };
}
