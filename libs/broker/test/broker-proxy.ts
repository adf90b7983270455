import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/**
 * Stands between one client and the shared broker, so that a test may do to one connection what must not be done to
 * the broker itself: cut it, swallow its answers, block it as a memory alarm does.
 */
export class BrokerProxy {
  private readonly server: Server = createServer((client) => this.relay(client));
  private readonly pairs = new Set<Pair>();
  private target = { host: '', port: 0 };
  private isAway = false;
  url = '';

  /** @param amqpUrl of the real broker; `url` then names the same vhost through the proxy */
  static async before(amqpUrl: string): Promise<BrokerProxy> {
    const proxy = new BrokerProxy();
    const url = new URL(amqpUrl);
    proxy.target = { host: url.hostname, port: Number(url.port) };
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    url.port = String((proxy.server.address() as AddressInfo).port);
    proxy.url = url.href;
    return proxy;
  }

  get connections(): number {
    return this.pairs.size;
  }

  /** The network drops every connection; new ones are let through. */
  cut(): void {
    for (const pair of this.pairs) pair.cut();
  }

  /** As `cut`, and nobody is let in until `comeBack`. */
  goAway(): void {
    this.isAway = true;
    this.cut();
  }

  comeBack(): void {
    this.isAway = false;
  }

  /** What the broker says is kept back; what the client says still arrives. */
  swallowAnswers(): void {
    for (const pair of this.pairs) pair.swallowAnswers();
  }

  /** As under a memory alarm: the client is told, and nothing more is read from it. */
  block(reason: string): void {
    for (const pair of this.pairs) pair.block(blockedFrame(reason));
  }

  unblock(): void {
    for (const pair of this.pairs) pair.unblock(UNBLOCKED_FRAME);
  }

  async close(): Promise<void> {
    this.goAway();
    this.server.close();
    await once(this.server, 'close');
  }

  private relay(client: Socket): void {
    if (this.isAway) return void client.destroy();
    const pair = new Pair(client, connect(this.target));
    this.pairs.add(pair);
    client.once('close', () => this.pairs.delete(pair));
  }
}

class Pair {
  private rest = Buffer.alloc(0);
  private swallowing = false;

  constructor(
    private readonly client: Socket,
    private readonly broker: Socket,
  ) {
    client.on('data', (bytes) => broker.write(bytes));
    broker.on('data', (bytes) => this.passFrames(bytes));
    for (const socket of [client, broker]) {
      socket.on('error', () => this.cut());
      socket.on('close', () => this.cut());
    }
  }

  cut(): void {
    this.client.destroy();
    this.broker.destroy();
  }

  swallowAnswers(): void {
    this.swallowing = true;
  }

  block(frame: Buffer): void {
    this.client.pause();
    this.client.write(frame);
  }

  unblock(frame: Buffer): void {
    this.client.write(frame);
    this.client.resume();
  }

  /** Only whole frames are passed on, so that one of ours always falls between two of the broker's. */
  private passFrames(bytes: Buffer): void {
    this.rest = Buffer.concat([this.rest, bytes]);
    while (this.rest.length >= 7) {
      const length = 7 + this.rest.readUInt32BE(3) + 1;
      if (this.rest.length < length) return;
      if (!this.swallowing) this.client.write(this.rest.subarray(0, length));
      this.rest = this.rest.subarray(length);
    }
  }
}

const CONNECTION_CLASS = 10;

function blockedFrame(reason: string): Buffer {
  return methodFrame(60, Buffer.concat([Buffer.from([reason.length]), Buffer.from(reason)]));
}

const UNBLOCKED_FRAME = methodFrame(61, Buffer.alloc(0));

/** A method of the connection class on channel 0. */
function methodFrame(method: number, argument: Buffer): Buffer {
  const head = Buffer.alloc(11);
  head.writeUInt8(1, 0);
  head.writeUInt32BE(4 + argument.length, 3);
  head.writeUInt16BE(CONNECTION_CLASS, 7);
  head.writeUInt16BE(method, 9);
  return Buffer.concat([head, argument, Buffer.from([0xce])]);
}
