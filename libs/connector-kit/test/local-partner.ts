import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

export interface LocalPartner {
  url: string;
  /** Method and path of every request that arrived, in order. */
  requests: string[];
  /** How it answers from now on. */
  answer: Answer;
  close(): Promise<void>;
}

/** A real partner on the loopback; it says yes until told otherwise. */
export async function startLocalPartner(): Promise<LocalPartner> {
  const server = createServer((request, response) => {
    partner.requests.push(`${request.method} ${request.url}`);
    partner.answer(response, request);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const partner: LocalPartner = { url, requests: [], answer: (response) => answerJson(response, 200, {}), close };
  return partner;

  async function close(): Promise<void> {
    server.closeAllConnections();
    server.close();
  }
}

export function answerJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
