import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** `out`: from the client to the server; `back`: from the server to the client. */
export type Direction = 'out' | 'back';

interface Faults {
  /** Bytes of this direction vanish; neither side is told. */
  cut: Set<Direction>;
  /** Each piece waits so long. */
  delayMs: number;
  /** At most so many bytes a second each way; 0: as they come. */
  dripBytesPerSecond: number;
  /** Connections are accepted and lead nowhere. */
  swallow: boolean;
  /** Connections are reset as they come. */
  refuse: boolean;
}

const calm = (): Faults => ({ cut: new Set(), delayMs: 0, dripBytesPerSecond: 0, swallow: false, refuse: false });
const PIECES_A_SECOND = 20;

/**
 * A TCP proxy on loopback that goes wrong when told. A fault counts for connections that stand and for those that come.
 * Bytes that were cut are gone: after `heal` such a connection is as broken as a real one, and new ones are well.
 */
export class FaultProxy {
  private faults = calm();
  private readonly pairs = new Set<Socket>();
  private readonly server: Server;
  private target: { host: string; port: number };

  private constructor(target: string) {
    this.target = readTarget(target);
    this.server = createServer((client) => this.join(client));
  }

  /** @param target any URL with a port, or `host:port` */
  static async open(target: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    await new Promise<void>((resolve, reject) => {
      proxy.server.once('error', reject);
      proxy.server.listen(0, '127.0.0.1', resolve);
    });
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** The same URL, by way of the proxy. */
  through(url: string): string {
    return Object.assign(new URL(url), { hostname: '127.0.0.1', port: String(this.port) }).href;
  }

  /** New connections lead there from now on. */
  pointAt(target: string): void {
    this.target = readTarget(target);
  }

  /** Connections that stand, each counted once. */
  get connections(): number {
    return this.pairs.size / 2;
  }

  /** One-way cut, or both ways: nobody is told, as when a cable is pulled. */
  cut(...directions: Direction[]): void {
    for (const direction of directions) this.faults.cut.add(direction);
  }

  /** Half-open: what stands falls silent both ways, and whoever connects is accepted and hears nothing. */
  halfOpen(): void {
    this.cut('out', 'back');
    this.faults.swallow = true;
  }

  slow(delayMs: number): void {
    this.faults.delayMs = delayMs;
  }

  drip(bytesPerSecond: number): void {
    this.faults.dripBytesPerSecond = bytesPerSecond;
  }

  /** Ends every connection with a reset; new ones are well. */
  reset(): void {
    for (const socket of this.pairs) socket.resetAndDestroy();
  }

  /** Ends every connection in an orderly way; new ones are well. */
  hangUp(): void {
    for (const socket of this.pairs) socket.end();
  }

  /** Resets what stands and what comes, as a host with nothing on the port. */
  refuse(): void {
    this.faults.refuse = true;
    this.reset();
  }

  heal(): void {
    this.faults = calm();
  }

  async close(): Promise<void> {
    this.heal();
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const socket of this.pairs) socket.destroy();
    await closed;
  }

  private join(client: Socket): void {
    if (this.faults.refuse) return void client.resetAndDestroy();
    this.follow(client, []);
    if (this.faults.swallow) return void client.resume();
    const server = connect({ ...this.target, noDelay: true });
    client.setNoDelay(true);
    this.follow(client, [server]);
    this.follow(server, [client]);
    void this.carry(client, server, 'out');
    void this.carry(server, client, 'back');
  }

  /** One side's end is the other's; an error too, since both ends of a broken cable are broken. */
  private follow(socket: Socket, others: Socket[]): void {
    this.pairs.add(socket);
    socket.on('error', () => others.forEach((other) => other.resetAndDestroy()));
    socket.on('close', () => {
      this.pairs.delete(socket);
      for (const other of others) other.end();
    });
  }

  private async carry(from: Socket, to: Socket, direction: Direction): Promise<void> {
    try {
      for await (const piece of from as AsyncIterable<Buffer>) await this.pass(piece, to, direction);
      to.end();
    } catch {
      to.destroy();
    }
  }

  private async pass(piece: Buffer, to: Socket, direction: Direction): Promise<void> {
    const { faults } = this;
    if (faults.delayMs > 0) await delay(faults.delayMs);
    if (faults.dripBytesPerSecond > 0) return this.dripInto(to, piece, direction);
    await this.write(to, piece, direction);
  }

  private async dripInto(to: Socket, piece: Buffer, direction: Direction): Promise<void> {
    for (let at = 0; at < piece.length && !to.destroyed;) {
      const rate = this.faults.dripBytesPerSecond;
      const most = rate > 0 ? Math.max(1, Math.floor(rate / PIECES_A_SECOND)) : piece.length;
      await this.write(to, piece.subarray(at, at + most), direction);
      at += most;
      if (rate > 0) await delay(1_000 / PIECES_A_SECOND);
    }
  }

  /** Waits while the receiver cannot take more, so that a slow one slows the sender and not our memory. */
  private async write(to: Socket, bytes: Buffer, direction: Direction): Promise<void> {
    if (this.faults.cut.has(direction) || to.destroyed) return;
    if (to.write(bytes)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    to.once('drain', resolve).once('close', resolve);
    await promise;
    to.off('drain', resolve).off('close', resolve);
  }
}

function readTarget(target: string): { host: string; port: number } {
  const { hostname, port } = new URL(target.includes('://') ? target : `tcp://${target}`);
  return { host: hostname, port: Number(port) };
}
