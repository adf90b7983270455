import { Logger } from '@nestjs/common';
import { appTopology, BrokerConnection, BrokerManagement, PONTE_EVENTS, TopicServer } from '#libs/broker';
import type { IncomingMessage } from '#libs/broker';
import { readOutcomeEvent, type BackfillRequested } from '#libs/contracts';
import type { Clock } from '#libs/runtime';
import type { BackfillBook, RequestAnswer } from './backfill-book.js';

const REQUESTED = 'ponte.backfill.requested.v1';
const LISTEN_AGAIN_MS = 5_000;

export interface BackfillRequestsParts {
  server: TopicServer;
  queue: string;
  book: BackfillBook;
  clock: Clock;
  /** There is something to walk. */
  onRequest(): void;
}

/** Each ERP's reader has a queue of its own: a request reaches the one that can answer it, though it be away just now. */
export function requestServer(environment: {
  ERP_SOURCE: string;
  AMQP_URL: string;
  AMQP_MANAGEMENT_URL: string;
}): Pick<BackfillRequestsParts, 'server' | 'queue'> {
  const app = `erp-outbox-reader.${environment.ERP_SOURCE.replace('/erp/', '')}`;
  const server = new TopicServer({
    connection: new BrokerConnection(environment.AMQP_URL, 'erp-outbox-reader consume'),
    topology: appTopology(app, [{ exchange: PONTE_EVENTS, pattern: 'ponte.backfill.requested.*' }]),
    management: new BrokerManagement(environment.AMQP_MANAGEMENT_URL, environment.AMQP_URL),
  });
  return { server, queue: `${app}.events` };
}

/**
 * Hears `ponte.backfill.requested.v1`. It listens beside the app's start and not in it: the relay starts, and goes on,
 * with a broker that is away or a queue that is not as it must be.
 */
export class BackfillRequests {
  private readonly log = new Logger('Backfill');
  private readonly stopping = new AbortController();
  private unheard?: string = 'not listening yet';

  constructor(private readonly parts: BackfillRequestsParts) {
    const take = (messages: IncomingMessage[]) => this.take(messages);
    parts.server.addHandler(parts.queue, take, true);
  }

  /** Why no request is heard just now; empty when they are. */
  get complaints(): string[] {
    return this.unheard === undefined ? this.parts.server.complaints : [this.unheard];
  }

  start(): void {
    void this.listen();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.parts.server.close();
  }

  /** A message that is none, or for another ERP, is let go: nobody else would make more of it. */
  async take(messages: readonly IncomingMessage[]): Promise<void> {
    for (const message of messages) {
      const request = this.read(message);
      if (request) await this.request(request);
    }
  }

  private async request({ aggregate, backfillId, company, requestedBy }: BackfillRequested): Promise<void> {
    const answer = await this.parts.book.request({ id: backfillId.toLowerCase(), aggregate, company, requestedBy });
    tellRequest(this.log, answer);
    this.parts.onRequest();
  }

  private read({ content, properties }: IncomingMessage): BackfillRequested | undefined {
    const read = readOutcomeEvent(content, properties);
    if (read.kind !== 'outcome' || read.event.type !== REQUESTED) {
      const reason = read.kind === 'invalid' ? read.problems.join('; ') : `it is no ${REQUESTED}`;
      this.log.warn({ event: 'backfill.request-not-understood', reason });
      return undefined;
    }
    const request = read.event.data as BackfillRequested;
    return request.source === this.parts.book.source ? request : undefined;
  }

  private async listen(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const failure = await this.listenOnce();
      if (failure === undefined || signal.aborted) break;
      if (failure !== this.unheard) this.log.warn({ event: 'backfill.requests-not-heard', reason: failure });
      this.unheard = failure;
      await this.parts.clock.sleep(LISTEN_AGAIN_MS, signal);
    }
    this.unheard = undefined;
  }

  private listenOnce(): Promise<string | undefined> {
    return new Promise((resolve) => {
      void this.parts.server.listen((error) => resolve(error === undefined ? undefined : (error as Error).message));
    });
  }
}

/** A request that another walk answers for is said: its own id will never be told of. */
export function tellRequest(log: Logger, { kind, backfill }: RequestAnswer): void {
  const { aggregate, company, id, joined, requestedBy } = backfill;
  log.log({ event: `backfill.request-${kind}`, id, aggregate, company, by: requestedBy, ...(joined && { joined }) });
}
