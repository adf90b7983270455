import { randomUUID } from 'node:crypto';
import { sampleOf, writeEvent, type HubEvent } from '#libs/contracts';
import type { RawMessage } from '../src/arrival.js';

/** A title was opened: the event of the catalogue's sample, of a title, an id and an instant of its own. */
export function opened(title: string, more: Partial<HubEvent> = {}): HubEvent {
  const event = sampleOf('erp.receivable.opened.v1');
  const data = { ...event.data, receivableId: title };
  return { ...event, id: randomUUID(), subject: `receivable/${title}`, time: new Date().toISOString(), data, ...more };
}

/** As it comes from the queue. */
export function message(event: HubEvent): RawMessage {
  const { content, properties } = writeEvent(event);
  return { content, properties };
}

/** So many bytes of what might be an event. */
export function sized(bytes: number): RawMessage {
  return { content: Buffer.alloc(bytes, ' '), properties: { contentType: 'application/cloudevents+json' } };
}
