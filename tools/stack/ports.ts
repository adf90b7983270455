import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export type StackPorts = {
  postgres: number;
  amqp: number;
  management: number;
  prometheus: number;
  distribution: number;
  epmd: number;
};

/** Below 32768, where the system hands out no ports of its own: a stopped stack finds its ports free again. */
export const usualPorts: StackPorts = {
  postgres: 25432,
  amqp: 25673,
  management: 25675,
  prometheus: 25676,
  distribution: 25674,
  epmd: 24369,
};

const highestPort = 32_767;
const step = 10;

/** Free means: nobody listens there, on loopback or on every address. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** The wanted ports where they are free, otherwise the next free ones. */
export async function freePorts<Name extends string>(wanted: Record<Name, number>): Promise<Record<Name, number>> {
  const found = { ...wanted };
  const taken = new Set<number>();
  for (const name of Object.keys(wanted) as Name[]) {
    let port = wanted[name];
    while (taken.has(port) || !(await isFree(port))) {
      port += step;
      if (port > highestPort) throw new Error(`No free port for ${name} between ${wanted[name]} and ${highestPort}.`);
    }
    taken.add(port);
    found[name] = port;
  }
  return found;
}

export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    socket.setTimeout(1_000, () => end(false));
  });
}

export async function waitUntilFree(ports: number[], withinMs: number): Promise<boolean> {
  const deadline = Date.now() + withinMs;
  for (const port of ports) {
    while (!(await isFree(port))) {
      if (Date.now() > deadline) return false;
      await sleep(50);
    }
  }
  return true;
}
