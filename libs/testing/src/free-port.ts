import { createServer } from 'node:net';

/** Below the range from which the system picks ports of its own: what is free stays free until a test binds it. */
const lowest = 10_000;
const highest = 24_000;

/** A port of loopback on which nobody listens. Chosen at random, so that parallel test files seldom meet. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest));
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
