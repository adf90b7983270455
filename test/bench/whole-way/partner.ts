import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A partner that knows every title and answers at once, the same for whoever calls it: what is measured is the way to it.
 */
export class QuickPartner {
  /** When each title's first call arrived, on this process' clock. */
  readonly arrivedAt = new Map<string, number>();
  calls = 0;
  private readonly server: Server;

  private constructor(server: Server) {
    this.server = server;
    server.keepAliveTimeout = 60_000;
    server.on('request', (request, response) => {
      request.resume();
      request.once('end', () => {
        const body = request.method === 'GET' ? '[]' : '{"id":1}';
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
      });
      if (request.method === 'GET') return;
      const title = new URL(request.url!, 'http://partner').searchParams.get('external_id_financial') ?? '';
      if (!this.arrivedAt.has(title)) this.arrivedAt.set(title, performance.now());
      this.calls += 1;
    });
  }

  static async open(): Promise<QuickPartner> {
    const server = createServer();
    const partner = new QuickPartner(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return partner;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  forget(): void {
    this.arrivedAt.clear();
    this.calls = 0;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
