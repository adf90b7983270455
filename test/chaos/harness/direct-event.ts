import type { HubEvent, ReceivableChanged } from '#libs/contracts';
import { DIRECT_SOURCE } from '../../world/world.ts';

/**
 * A title's entry as the ERP writes it that publishes to the broker itself, without an id: its outbox would let neither
 * that nor what is wrong in it pass.
 */
export function directEntry(title: ReceivableChanged, wrong: Record<string, unknown> = {}): Omit<HubEvent, 'id'> {
  const movement = { id: 'entry', kind: 'entry', date: title.issueDate, amount: title.amount };
  return {
    specversion: '1.0',
    source: DIRECT_SOURCE,
    type: 'erp.receivable.opened.v1',
    subject: `receivable/${title.receivableId}`,
    time: new Date().toISOString(),
    company: title.company,
    branch: title.branch,
    sequence: String(title.sequence),
    data: { ...title, movement, ...wrong },
  } as unknown as Omit<HubEvent, 'id'>;
}
