import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** What the bureau does with the next request to buy; `undefined` charges and says so. */
export type Mischief = 'reset-after' | 'broken' | 'consent' | 'no-data' | 'hold';

export interface Bureau {
  url: string;
  /** Documents, in the order they were charged. */
  readonly charges: string[];
  /** Everything that arrived, in order: `title T1`, `analysis 52998224725`. */
  readonly arrived: string[];
  /** Titles it does not take. */
  readonly refuses: Set<string>;
  /** By document. */
  readonly mischief: Map<string, Mischief>;
  /** Answers what is on hold. */
  release(): void;
  close(): Promise<void>;
}

interface Sold {
  id: string;
  key: string;
  document: string;
}

/** A credit bureau on the loopback that counts what it charges; it exists in these specs only. */
export async function startBureau(): Promise<Bureau> {
  const sold: Sold[] = [];
  const held: (() => void)[] = [];
  const server = createServer((request, response) => void answer(request, response));

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url!, 'http://bureau');
    if (pathname === '/me') return say(response, 200, {});
    if (request.method === 'GET') {
      const found = sold.filter(({ key }) => key === searchParams.get('key'));
      return say(response, 200, found.map(toAnswer));
    }
    const body = (await json(request)) as { id?: string; document: string };
    if (pathname === '/titles') {
      bureau.arrived.push(`title ${body.id}`);
      return say(response, bureau.refuses.has(body.id!) ? 422 : 200, {});
    }
    sell(request, response, body.document);
  }

  function sell(request: IncomingMessage, response: ServerResponse, document: string): void {
    bureau.arrived.push(`analysis ${document}`);
    const does = bureau.mischief.get(document);
    if (does === 'broken') return say(response, 502, {});
    if (does === 'consent' || does === 'no-data') return say(response, 400, { code: does });
    const one = { id: `A${sold.length + 1}`, key: String(request.headers['idempotency-key']), document };
    sold.push(one);
    bureau.charges.push(document);
    if (does === 'reset-after') return void request.socket.destroy();
    if (does === 'hold') return void held.push(() => say(response, 200, toAnswer(one)));
    say(response, 200, toAnswer(one));
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bureau: Bureau = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    charges: [],
    arrived: [],
    refuses: new Set(),
    mischief: new Map(),
    release: () => held.splice(0).forEach((letGo) => letGo()),
    close: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return bureau;
}

function toAnswer({ id, document }: Sold) {
  return {
    id,
    score: 712,
    situation: 'APROVADO',
    limit: '1500.00',
    link: `https://bureau.example/${id}`,
    of: document,
  };
}

function say(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
