import {
  aggregateIdOf,
  aggregateOf,
  NO_COMPANY,
  outcomeType,
  type BusinessKeys,
  type OutcomeData,
  type OutcomeSuffix,
} from '#libs/contracts';
import type { CausingEvent, IntegrationRef, ParkedKind } from '#libs/contracts';
import type { EndpointOwner, Pause, PauseReason } from './endpoints.js';
import type { Unplanned } from './plan.js';
import { INSERT_OUTBOX } from './ledger.sql.js';

/** One row of the connector's own outbox. */
export interface OutcomeRow {
  subject: string;
  type: string;
  payload: object;
  company: string;
  branch?: string | null;
  actor?: string | null;
  traceparent?: string | null;
}

interface Queryable {
  query(sql: string, values: unknown[]): Promise<unknown>;
}

/** In the transaction of what they tell of. */
export async function writeOutcomes(client: Queryable, rows: readonly OutcomeRow[]): Promise<void> {
  if (rows.length === 0) return;
  await client.query(INSERT_OUTBOX, [
    rows.map((row) => aggregateOf(row.subject)),
    rows.map((row) => aggregateIdOf(row.subject)),
    rows.map((row) => row.type),
    rows.map((row) => JSON.stringify(row.payload)),
    rows.map((row) => row.company),
    rows.map((row) => row.branch ?? null),
    rows.map((row) => row.actor ?? null),
    rows.map(() => null),
    rows.map((row) => row.traceparent ?? null),
  ]);
}

/** What the ledger knows of a delivery when it tells of it. */
export interface ToldDelivery {
  position: string;
  laneKey: string;
  integrationId: string;
  operation: string;
  attempts: number;
  source: string;
  company: string;
  branch: string | null;
  eventId: string | null;
  eventType: string | null;
  subject: string;
  keys: BusinessKeys | null;
  traceparent: string | null;
}

export interface RunFacts {
  runId: string;
  integrationId: string;
  company: string;
  trigger: 'cadence' | 'person';
  startedAt: Date;
  upTo: string;
  actor?: string;
}

const REASON_MAX = 2_000;

/** Writes what Ponte says of itself in the words of the catalogue. */
export class OutcomeWriter {
  constructor(
    private readonly connector: string,
    /** What the operator calls an integration, and whose it is. */
    private readonly refOf: (integrationId: string) => IntegrationRef,
    private readonly now: () => Date = () => new Date(),
  ) {}

  delivered(delivery: ToldDelivery, reference?: string, note?: string): OutcomeRow {
    return this.ofDelivery('delivery.delivered.v1', delivery, { reference: cut(reference, 200), note: cut(note) });
  }

  stopped(how: 'refused' | 'skipped' | 'parked', delivery: ToldDelivery, reason: string, actor?: string): OutcomeRow {
    return this.ofDelivery(`delivery.${how}.v1`, delivery, { reason: cut(reason) || 'no reason given', actor });
  }

  superseded(delivery: ToldDelivery, by: string): OutcomeRow {
    return this.ofDelivery('delivery.superseded.v1', delivery, { supersededBy: by });
  }

  unplanned(event: EventFacts, unplanned: Unplanned, integrationId?: string): OutcomeRow {
    return this.row('event.unplanned.v1', event, {
      event: causeOf(event),
      integration: integrationId ? this.refOf(integrationId) : undefined,
      reasonCode: unplanned.code,
      reason: cut(unplanned.reason) || unplanned.code,
      occurredAt: this.instant(),
    });
  }

  eventParked(event: EventFacts | undefined, parked: ParkedFacts): OutcomeRow {
    const data: OutcomeData<'event.parked.v1'> = {
      parkedId: parked.parkedId,
      kind: parked.kind,
      event: event && causeOf(event),
      integration: parked.integrationId ? this.refOf(parked.integrationId) : undefined,
      heldKey: parked.heldKey,
      reason: cut(parked.reason) || parked.kind,
      occurredAt: this.instant(),
    };
    return this.row('event.parked.v1', event ?? nowhere(parked.parkedId), data);
  }

  eventReleased(
    event: EventFacts | undefined,
    parkedId: string,
    how: 'skipped' | 'planned',
    actor: string,
    reason?: string,
  ): OutcomeRow {
    const data: OutcomeData<'event.released.v1'> = {
      parkedId,
      how,
      event: event && causeOf(event),
      reason: cut(reason),
      actor,
      occurredAt: this.instant(),
    };
    return this.row('event.released.v1', event ?? nowhere(parkedId), data, actor);
  }

  endpointPaused(owner: EndpointOwner, pause: Pause): OutcomeRow {
    return this.ofEndpoint('endpoint.paused.v1', owner, {
      pauseReason: pause.reason,
      standing: [pause.reason],
      detail: cut(pause.detail),
      until: pause.until?.toISOString(),
    });
  }

  endpointResumed(owner: EndpointOwner, reason: PauseReason, actor: string): OutcomeRow {
    return this.ofEndpoint('endpoint.resumed.v1', owner, { pauseReason: reason, standing: [], actor });
  }

  runStarted(run: RunFacts): OutcomeRow {
    return this.ofRun('run.started.v1', run, this.startedData(run));
  }

  runFinished(
    run: RunFacts,
    finishedAt: Date,
    counts: { delivered: number; refused: number; parked: number; carried: number },
  ): OutcomeRow {
    const released = counts.delivered + counts.refused + counts.parked + counts.carried;
    return this.ofRun('run.finished.v1', run, {
      ...this.startedData(run),
      finishedAt: finishedAt.toISOString(),
      result: 'completed',
      released,
      delivered: counts.delivered,
      refused: counts.refused,
      skipped: 0,
      superseded: 0,
      parked: counts.parked,
      carriedOver: counts.carried,
    });
  }

  private startedData(run: RunFacts): OutcomeData<'run.started.v1'> {
    return {
      runId: run.runId,
      integration: this.refOf(run.integrationId),
      job: 'cadence',
      trigger: run.trigger,
      startedAt: run.startedAt.toISOString(),
      releasedUpTo: run.upTo,
      actor: run.actor,
    };
  }

  private ofRun<S extends 'run.started.v1' | 'run.finished.v1'>(
    suffix: S,
    run: RunFacts,
    data: OutcomeData<S>,
  ): OutcomeRow {
    return this.row(suffix, { subject: `run/${run.runId}`, company: run.company }, data, run.actor);
  }

  private ofEndpoint(
    suffix: 'endpoint.paused.v1' | 'endpoint.resumed.v1',
    owner: EndpointOwner,
    more: Pick<OutcomeData<'endpoint.paused.v1'>, 'pauseReason' | 'standing' | 'detail' | 'until' | 'actor'>,
  ): OutcomeRow {
    const where = { subject: `endpoint/${owner.endpointId}`, company: owner.company };
    return this.row(suffix, where, {
      endpointId: owner.endpointId,
      integration: this.refOf(owner.integrationId),
      operationGroup: owner.group,
      occurredAt: this.instant(),
      ...more,
    });
  }

  private ofDelivery<S extends `delivery.${string}` & OutcomeSuffix>(
    suffix: S,
    delivery: ToldDelivery,
    more: Partial<OutcomeData<S>>,
  ): OutcomeRow {
    const { eventId, eventType, source, subject } = delivery;
    const data = {
      deliveryId: delivery.position,
      integration: this.refOf(delivery.integrationId),
      operation: delivery.operation,
      lane: delivery.laneKey,
      event: eventId && eventType ? { id: eventId, source, type: eventType, subject } : undefined,
      keys: delivery.keys ?? undefined,
      attempts: delivery.attempts,
      occurredAt: this.instant(),
      ...more,
    };
    return this.row(suffix, delivery, data);
  }

  private row(suffix: OutcomeSuffix, where: Where, payload: object, actor?: string): OutcomeRow {
    const { subject, company, branch, traceparent } = where;
    return { subject, company, branch, traceparent, actor, type: outcomeType(this.connector, suffix), payload };
  }

  private instant(): string {
    return this.now().toISOString();
  }
}

type Where = Pick<OutcomeRow, 'subject' | 'company' | 'branch' | 'traceparent'>;

/** What is known of the event something is told about. */
export interface EventFacts extends Where {
  id: string;
  source: string;
  type: string;
}

export interface ParkedFacts {
  parkedId: string;
  kind: ParkedKind;
  reason: string;
  heldKey?: string;
  integrationId?: string;
}

function causeOf({ id, source, type, subject }: EventFacts): CausingEvent {
  return { id, source, type, subject };
}

/** Bytes in which nothing could be read belong to no company. */
function nowhere(parkedId: string): Where {
  return { subject: `parked-event/${parkedId}`, company: NO_COMPANY };
}

function cut(text: string | undefined, max = REASON_MAX): string | undefined {
  return text === undefined ? undefined : [...text.slice(0, max * 2)].slice(0, max).join('');
}
