import {
  FINAL_STATES,
  NO_COMPANY,
  outcomeIdOf,
  outcomeType,
  type CausingEvent,
  type IntegrationRef,
  type OutcomeData,
  type OutcomeSuffix,
} from '#libs/contracts';
import type { OutcomeRow } from './outcome-rows.js';
import type { Unplanned } from './plan.js';
import { storable } from './storable.js';
import type {
  EndpointOwner,
  EndpointPauses,
  EventFacts,
  ParkedFacts,
  Release,
  RunCounts,
  RunFacts,
  ToldDelivery,
  Where,
} from './told.js';

const REASON_MAX = 2_000;
const REFERENCE_MAX = 200;
const NAME_MAX = 120;
const LANE_MAX = 200;
const FINAL_SUFFIXES: ReadonlySet<string> = new Set(FINAL_STATES.map((state) => `delivery.${state}.v1`));

/** Writes what Ponte says of itself in the words of the catalogue. */
export class OutcomeWriter {
  constructor(
    private readonly connector: string,
    /** What the operator calls an integration, and whose it is. */
    private readonly refOf: (integrationId: string) => IntegrationRef,
    private readonly now: () => Date,
  ) {}

  /** @param actor where a person found it at the partner */
  delivered(delivery: ToldDelivery, reference?: string, note?: string, actor?: string): OutcomeRow {
    return this.ofDelivery('delivery.delivered.v1', delivery, {
      reference: cut(reference, REFERENCE_MAX),
      note: cut(note),
      actor: cut(actor, NAME_MAX),
    });
  }

  stopped(how: 'refused' | 'skipped' | 'parked', delivery: ToldDelivery, reason: string, actor?: string): OutcomeRow {
    return this.ofDelivery(`delivery.${how}.v1`, delivery, {
      reason: cut(reason) ?? 'no reason given',
      actor: cut(actor, NAME_MAX),
    });
  }

  /** @param edit where a person put another one in its place */
  superseded(delivery: ToldDelivery, by: string, edit?: { actor: string; note: string }): OutcomeRow {
    return this.ofDelivery('delivery.superseded.v1', delivery, {
      supersededBy: by,
      actor: cut(edit?.actor, NAME_MAX),
      note: cut(edit?.note),
    });
  }

  /** A person has it sent: again, with others, or in the place of another. */
  retried(
    delivery: ToldDelivery,
    actor: string,
    { reason, ...of }: { reason?: string; redriveId?: string; replaces?: string },
  ): OutcomeRow {
    return this.ofDelivery('delivery.retried.v1', delivery, { actor: cut(actor, NAME_MAX), note: cut(reason), ...of });
  }

  unplanned(event: EventFacts, unplanned: Unplanned, integrationId?: string): OutcomeRow {
    return this.row('event.unplanned.v1', event, {
      event: causeOf(event),
      integration: integrationId ? this.ref(integrationId, event) : undefined,
      reasonCode: unplanned.code,
      reason: cut(unplanned.reason) ?? unplanned.code,
      occurredAt: this.instant(),
    });
  }

  eventParked(event: EventFacts | undefined, parked: ParkedFacts): OutcomeRow {
    const data: OutcomeData<'event.parked.v1'> = {
      parkedId: parked.parkedId,
      kind: parked.kind,
      event: event && causeOf(event),
      integration: event && parked.integrationId ? this.ref(parked.integrationId, event) : undefined,
      heldKey: parked.heldKey,
      reason: cut(parked.reason) ?? parked.kind,
      occurredAt: this.instant(),
    };
    return this.row('event.parked.v1', event ?? nowhere(parked.parkedId), data);
  }

  eventReleased(event: EventFacts | undefined, parkedId: string, release: Release): OutcomeRow {
    const data: OutcomeData<'event.released.v1'> = {
      parkedId,
      how: release.how,
      event: event && causeOf(event),
      reason: cut(release.reason),
      actor: cut(release.actor, NAME_MAX),
      occurredAt: this.instant(),
    };
    return this.row('event.released.v1', event ?? nowhere(parkedId), data);
  }

  endpointPaused(owner: EndpointOwner, pauses: EndpointPauses): OutcomeRow {
    return this.ofEndpoint('endpoint.paused.v1', owner, pauses);
  }

  endpointResumed(owner: EndpointOwner, pauses: EndpointPauses): OutcomeRow {
    return this.ofEndpoint('endpoint.resumed.v1', owner, pauses);
  }

  runStarted(run: RunFacts): OutcomeRow {
    return this.ofRun('run.started.v1', run, this.startedData(run));
  }

  runFinished(run: RunFacts, finishedAt: Date, counts: RunCounts): OutcomeRow {
    const { carried, ...ended } = counts;
    const released = Object.values(counts).reduce((sum, count) => sum + count, 0);
    return this.ofRun('run.finished.v1', run, {
      ...this.startedData(run),
      finishedAt: finishedAt.toISOString(),
      result: 'completed',
      released,
      ...ended,
      carriedOver: carried,
    });
  }

  private startedData(run: RunFacts): OutcomeData<'run.started.v1'> {
    return {
      runId: run.runId,
      integration: run.owner ? this.ref(run.integrationId, run.owner) : this.refOf(run.integrationId),
      job: 'cadence',
      trigger: run.trigger,
      startedAt: run.startedAt.toISOString(),
      releasedUpTo: run.upTo,
      actor: cut(run.actor, NAME_MAX),
    };
  }

  private ofRun<S extends 'run.started.v1' | 'run.finished.v1'>(
    suffix: S,
    run: RunFacts,
    data: OutcomeData<S>,
  ): OutcomeRow {
    return this.row(
      suffix,
      { subject: `run/${run.runId}`, company: (run.owner ?? this.refOf(run.integrationId)).company },
      data,
    );
  }

  private ofEndpoint(
    suffix: 'endpoint.paused.v1' | 'endpoint.resumed.v1',
    owner: EndpointOwner,
    { reason, standing, detail, until, actor }: EndpointPauses,
  ): OutcomeRow {
    const where = { subject: `endpoint/${owner.endpointId}`, company: owner.company };
    return this.row(suffix, where, {
      endpointId: owner.endpointId,
      integration: this.ref(owner.integrationId, owner),
      operationGroup: owner.group,
      pauseReason: reason,
      standing,
      detail: cut(detail),
      until: until?.toISOString(),
      actor: cut(actor, NAME_MAX),
      occurredAt: this.instant(),
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
      integration: this.ref(delivery.integrationId, delivery),
      operation: delivery.operation,
      lane: cut(delivery.laneKey, LANE_MAX)!,
      event: eventId && eventType ? { id: eventId, source, type: eventType, subject } : undefined,
      keys: delivery.keys ?? undefined,
      attempts: delivery.attempts,
      occurredAt: this.instant(),
      ...more,
    };
    const row = this.row(suffix, delivery, data);
    return FINAL_SUFFIXES.has(suffix) ? { id: outcomeIdOf(row.type, delivery.position, eventId), ...row } : row;
  }

  /** Whose an integration is. One that is gone is still told of, by what is known without it. */
  private ref(
    integrationId: string,
    known: { source: string; company: string; branch?: string | null },
  ): IntegrationRef {
    try {
      return this.refOf(integrationId);
    } catch {
      const { source, company, branch } = known;
      return { id: integrationId, name: integrationId, source, company, branch: branch ?? undefined };
    }
  }

  private row(suffix: OutcomeSuffix, where: Where, payload: object): OutcomeRow {
    const { subject, company, branch, traceparent } = where;
    const { actor } = payload as { actor?: string };
    return { subject, company, branch, traceparent, actor, type: outcomeType(this.connector, suffix), payload };
  }

  private instant(): string {
    return this.now().toISOString();
  }
}

function causeOf({ id, source, type, subject }: EventFacts): CausingEvent {
  return { id, source, type, subject };
}

/** Bytes in which nothing could be read belong to no company. */
function nowhere(parkedId: string): Where {
  return { subject: `parked-event/${parkedId}`, company: NO_COMPANY };
}

/** By characters, as the contract counts them; an empty text says nothing and is left out. */
function cut(text: string | undefined, max = REASON_MAX): string | undefined {
  if (!text) return undefined;
  return [...storable(text.slice(0, max * 2))].slice(0, max).join('');
}
