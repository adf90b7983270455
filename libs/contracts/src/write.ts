import { orderingKey, type HubEnvelope } from './envelope.js';

/** What a publisher needs to send an event. */
export interface WrittenEvent {
  content: Buffer;
  /** The event's type. */
  routingKey: string;
  properties: {
    contentType: 'application/cloudevents+json';
    deliveryMode: 2;
    messageId: string;
    type: string;
    /** Seconds since the epoch, of the event's `time`. */
    timestamp: number;
    /** The event's source. */
    appId: string;
    headers: Record<string, string>;
  };
}

/**
 * An event as a structured CloudEvent, the attributes that brokers and people filter by repeated beside it. The header
 * `partitionkey` is always there: a consistent-hash exchange sends everything without it to one queue. The envelope is
 * taken as it is: ask `envelopeProblems` first where it was not made by Ponte.
 */
export function writeEvent(event: HubEnvelope): WrittenEvent {
  return writeEnvelope(event, JSON.stringify(event.data ?? null));
}

/** The same for data that is JSON text already: what the ERP wrote is sent without being read, digit by digit. */
export function writeEnvelope(envelope: Omit<HubEnvelope, 'data'>, dataText: string): WrittenEvent {
  const attributes = JSON.stringify({
    specversion: envelope.specversion,
    id: envelope.id,
    source: envelope.source,
    type: envelope.type,
    subject: envelope.subject,
    time: envelope.time,
    datacontenttype: envelope.datacontenttype ?? 'application/json',
    dataschema: envelope.dataschema,
    company: envelope.company,
    branch: envelope.branch,
    actor: envelope.actor,
    sequence: envelope.sequence,
    partitionkey: envelope.partitionkey,
    traceparent: envelope.traceparent,
    tracestate: envelope.tracestate,
  });
  return {
    content: Buffer.from(`${attributes.slice(0, -1)},"data":${dataText}}`),
    routingKey: envelope.type,
    properties: {
      contentType: 'application/cloudevents+json',
      deliveryMode: 2,
      messageId: envelope.id,
      type: envelope.type,
      timestamp: Math.floor(Date.parse(envelope.time) / 1000),
      appId: envelope.source,
      headers: headersOf(envelope),
    },
  };
}

function headersOf(envelope: Omit<HubEnvelope, 'data'>): Record<string, string> {
  return {
    'cloudEvents:id': envelope.id,
    'cloudEvents:type': envelope.type,
    'cloudEvents:source': envelope.source,
    'cloudEvents:subject': envelope.subject,
    'cloudEvents:time': envelope.time,
    partitionkey: orderingKey(envelope),
    ...(envelope.traceparent !== undefined && { traceparent: envelope.traceparent }),
    ...(envelope.tracestate !== undefined && { tracestate: envelope.tracestate }),
  };
}
