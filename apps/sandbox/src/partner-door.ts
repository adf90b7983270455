import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '#libs/runtime';
import type { CallLog, PartnerCall } from './call-log.js';
import type { FaultSwitch, PartnerFaults } from './partner-faults.js';
import type { Partner, PartnerAnswer, PartnerRequest } from './partner.js';
import { SANDBOX_NOTICE } from './sandbox-notice.js';

const BODY_LIMIT_BYTES = 1_048_576;
const LOGIN_PAGE =
  '<!DOCTYPE html><html><head><title>Login</title></head><body><form>Usuário <input name="user"></form></body></html>';

/**
 * The HTTP side of a simulated partner: reads the call, lets the faults have it, logs it, answers. A plain request
 * handler in front of Nest's own: thousands of calls a second, and a socket can be left hanging or be reset.
 */
export class PartnerDoor {
  private readonly hanging = new Set<ServerResponse>();

  constructor(
    readonly partner: Partner,
    readonly faults: FaultSwitch,
    readonly calls: CallLog,
    private readonly clock: Clock,
  ) {}

  owns(url: string): boolean {
    return url.startsWith(`/${this.partner.name}/`);
  }

  /** A caller that left is no error; it rejects only for a bug of the simulated partner. */
  async handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await readText(incoming);
    if (text === undefined) return send(response, { status: 413 });
    const request = this.toRequest(incoming, text);
    const account = this.partner.accountOf(request);
    const fault = this.faults.meet({ verb: request.verb, path: request.path, account });
    if (fault?.latencyMs) await this.clock.sleep(fault.latencyMs);
    this.act(request, account, fault, response);
  }

  /** The partner as on its first day, with no faults and no calls. */
  reset(): void {
    this.partner.reset();
    this.faults.clear();
    this.calls.clear();
  }

  /** Callers left hanging are cut off, so the server can close. */
  close(): void {
    for (const response of this.hanging) response.destroy();
    this.hanging.clear();
  }

  private toRequest(incoming: IncomingMessage, text: string): PartnerRequest {
    const [path = '', query = ''] = incoming.url!.slice(this.partner.name.length + 1).split('?', 2);
    return { verb: incoming.method!, path, query: new URLSearchParams(query), headers: incoming.headers, text };
  }

  private act(
    request: PartnerRequest,
    account: string | undefined,
    fault: PartnerFaults | undefined,
    response: ServerResponse,
  ): void {
    if (fault?.status !== undefined) {
      const answer = this.withWords(fault.status, fault);
      this.log(request, account, answer, `status ${fault.status}`).status = fault.status;
      return send(response, answer);
    }
    if (fault?.garbage) {
      this.log(request, account, { status: 200 }, 'garbage').status = 200;
      return void response
        .writeHead(200, { ...SANDBOX_NOTICE, 'content-type': 'text/html; charset=utf-8' })
        .end(LOGIN_PAGE);
    }
    const answer = this.partner.answer(request);
    const call = this.log(request, account, answer, spoiling(fault));
    if (fault?.applyThenHang) return this.hang(response);
    if (fault?.applyThenReset) return void response.socket?.resetAndDestroy();
    const sent = this.spoiled(answer, fault);
    call.status = sent.status;
    send(response, sent);
  }

  private spoiled(answer: PartnerAnswer, fault: PartnerFaults | undefined): PartnerAnswer {
    if (fault?.applyThenHuge !== undefined) return { status: 200, body: 'x'.repeat(fault.applyThenHuge) };
    if (fault?.applyThenStatus !== undefined) return this.withWords(fault.applyThenStatus, { headers: fault.headers });
    return answer;
  }

  private withWords(status: number, { headers, body }: Pick<PartnerFaults, 'headers' | 'body'>): PartnerAnswer {
    const words = this.partner.wordsFor(status);
    return { ...words, headers: { ...words.headers, ...headers }, ...(body && { body }) };
  }

  private log(
    request: PartnerRequest,
    account: string | undefined,
    answer: PartnerAnswer,
    fault?: string,
  ): PartnerCall {
    const query = request.query.size > 0 ? `?${request.query}` : '';
    const key = request.headers['idempotency-key'];
    return this.calls.add({
      at: this.clock.now().toISOString(),
      account,
      verb: request.verb,
      path: `${request.path}${query}`,
      resource: answer.resource,
      externalId: answer.externalId,
      idempotencyKey: typeof key === 'string' ? key : undefined,
      body: request.text,
      effect: answer.effect ?? 'none',
      effects: answer.effects,
      status: null,
      fault,
    });
  }

  private hang(response: ServerResponse): void {
    this.hanging.add(response);
    response.once('close', () => this.hanging.delete(response));
  }
}

function spoiling(fault: PartnerFaults | undefined): string | undefined {
  if (fault?.applyThenHang) return 'applied, then hung';
  if (fault?.applyThenReset) return 'applied, then reset';
  if (fault?.applyThenHuge !== undefined) return `applied, then ${fault.applyThenHuge} bytes`;
  if (fault?.applyThenStatus !== undefined) return `applied, then status ${fault.applyThenStatus}`;
  return fault?.latencyMs ? `${fault.latencyMs} ms late` : undefined;
}

function send(response: ServerResponse, { status, headers, body }: PartnerAnswer): void {
  if (body === undefined) return void response.writeHead(status, { ...SANDBOX_NOTICE, ...headers }).end();
  const text = JSON.stringify(body);
  response
    .writeHead(status, {
      ...SANDBOX_NOTICE,
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(text),
      ...headers,
    })
    .end(text);
}

/** Undefined when it is larger than any partner takes. A caller that leaves midway is answered into the void. */
async function readText(incoming: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes <= BODY_LIMIT_BYTES) chunks.push(chunk); // the rest is read and thrown away, or the 413 would never arrive
    }
  } catch {
    return undefined;
  }
  return bytes > BODY_LIMIT_BYTES ? undefined : Buffer.concat(chunks).toString('utf8');
}
