import { once } from 'node:events';

/** A word with a running Node by its inspector. */
export class Inspector {
  private readonly socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.socket = socket;
  }

  static async open(port: number): Promise<Inspector> {
    const answer = await fetch(`http://127.0.0.1:${port}/json/list`);
    const [target] = (await answer.json()) as [{ webSocketDebuggerUrl: string }];
    const socket = new WebSocket(target.webSocketDebuggerUrl);
    await once(socket, 'open');
    return new Inspector(socket);
  }

  /** The event loop stands still, without costing the machine anything. Resolves when it goes on. */
  async stall(ms: number): Promise<void> {
    const expression = `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${ms})`;
    this.socket.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression } }));
    await once(this.socket, 'message');
  }

  close(): void {
    this.socket.close();
  }
}
