import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { eventually } from '#libs/testing';
import { FaultProxy } from './fault-proxy.js';

/** Answers each word with the same word; keeps what it heard. */
class Echo {
  private readonly sockets: Socket[] = [];
  heard = '';
  private readonly server: Server = createServer((socket) => {
    this.sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      this.heard += bytes.toString();
      socket.write(bytes);
    });
  });

  async listen(): Promise<string> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

class Caller {
  heard = '';
  ended?: 'closed' | string;
  private constructor(readonly socket: Socket) {
    socket.on('data', (bytes) => (this.heard += bytes.toString()));
    socket.on('error', (error: NodeJS.ErrnoException) => (this.ended = error.code));
    socket.on('close', () => (this.ended ??= 'closed'));
  }

  static async to(proxy: FaultProxy): Promise<Caller> {
    const caller = Caller.at(proxy);
    await once(caller.socket, 'connect');
    return caller;
  }

  /** At the door, whether it opens or not. */
  static at(proxy: FaultProxy): Caller {
    return new Caller(connect(proxy.port, '127.0.0.1'));
  }

  say(words: string): void {
    this.socket.write(words);
  }

  hears(words: string): Promise<boolean> {
    return eventually(() => this.heard === words);
  }

  ends(how: string): Promise<boolean> {
    return eventually(() => this.ended === how);
  }
}

describe('the fault proxy', () => {
  let echo: Echo;
  let proxy: FaultProxy;
  let caller: Caller;

  beforeEach(async () => {
    echo = new Echo();
    proxy = await FaultProxy.open(await echo.listen());
    caller = await Caller.to(proxy);
    caller.say('one ');
    await caller.hears('one ');
  });

  afterEach(async () => {
    caller.socket.destroy();
    await proxy.close();
    await echo.close();
  });

  it('carries both ways while nothing is wrong, and counts who is there', async () => {
    caller.say('two');
    await caller.hears('one two');
    expect(proxy.connections).toBe(1);
  });

  it('leads by the same URL with its own port', () => {
    expect(proxy.through('amqp://user:secret@db.example:5672/vhost?heartbeat=5')).toBe(
      `amqp://user:secret@127.0.0.1:${proxy.port}/vhost?heartbeat=5`,
    );
  });

  it('cuts the way back alone: the server hears, the caller does not', async () => {
    proxy.cut('back');
    caller.say('two');
    await eventually(() => echo.heard === 'one two');
    expect(caller.heard).toBe('one ');
  });

  it('cuts the way out alone: what the caller says is gone for good', async () => {
    proxy.cut('out');
    caller.say('lost ');
    const other = await Caller.to(proxy);
    proxy.heal();
    caller.say('two');
    await caller.hears('one two');
    expect(echo.heard).toBe('one two');
    other.socket.destroy();
  });

  it('half-open, accepts whoever comes, tells nobody anything, and never reaches the server', async () => {
    proxy.halfOpen();
    const other = await Caller.to(proxy);
    other.say('hello');
    caller.say('two');
    await eventually(() => proxy.connections === 1.5);
    expect([echo.heard, caller.heard, other.heard]).toEqual(['one ', 'one ', '']);
    expect([caller.ended, other.ended]).toEqual([undefined, undefined]);
    other.socket.destroy();
  });

  it('holds each piece back when told to be slow', async () => {
    proxy.slow(150);
    const startedAt = performance.now();
    caller.say('two');
    await caller.hears('one two');
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(290); // once each way
  });

  it('drips no faster than told', async () => {
    proxy.drip(200);
    const startedAt = performance.now();
    caller.say('x'.repeat(60));
    await caller.hears(`one ${'x'.repeat(60)}`);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(250);
  });

  it('resets what stands and lets new ones through', async () => {
    proxy.reset();
    await caller.ends('ECONNRESET');
    const other = await Caller.to(proxy);
    other.say('two');
    await other.hears('two');
    other.socket.destroy();
  });

  it('hangs up in an orderly way', async () => {
    proxy.hangUp();
    await caller.ends('closed');
  });

  it('refuses until it is healed', async () => {
    proxy.refuse();
    await caller.ends('ECONNRESET');
    const refused = Caller.at(proxy);
    await refused.ends('ECONNRESET');
    proxy.heal();
    const welcome = await Caller.to(proxy);
    welcome.say('two');
    await welcome.hears('two');
    welcome.socket.destroy();
  });

  it('leads new connections elsewhere when pointed there', async () => {
    const elsewhere = new Echo();
    proxy.pointAt(await elsewhere.listen());
    const other = await Caller.to(proxy);
    other.say('two');
    await other.hears('two');
    expect([echo.heard, elsewhere.heard]).toEqual(['one ', 'two']);
    other.socket.destroy();
    await elsewhere.close();
  });

  it('passes on the end of the server', async () => {
    await echo.close();
    await eventually(() => caller.ended !== undefined);
    echo = new Echo();
    await echo.listen();
  });
});
