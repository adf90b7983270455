import { delivered, refused, type HubEvent, type Outcome } from '#libs/contracts';
import type { CreditDesk, CreditWish } from '#libs/credit';
import { Problem } from '#libs/runtime';

/** A wish as a delivery's body holds it. */
export type WrittenWish = Omit<CreditWish, 'confirmedAt'> & { confirmedAt?: string };

/** The ERP's event says who asks; that they may is the ERP's to know. */
export function toWish(event: HubEvent<'erp.credit-analysis.requested.v1'>): WrittenWish {
  const { id, source, company, branch, time, data } = event;
  const { requestId, requestedBy, customer, productId: product, confirmedNew, insteadOf, knownSuffices } = data;
  return {
    ...{ id, requestId, source, company, branch, requestedBy },
    ...{ document: customer.document, customerId: customer.id, customerName: customer.name },
    ...(product !== undefined && { product }),
    ...(insteadOf !== undefined && { insteadOf }),
    ...(knownSuffices && { knownSuffices }),
    ...(confirmedNew && { confirmedAt: time }),
  };
}

/** What cannot be asked waits for a person, with the sentence that says why. */
export async function askFor({ confirmedAt, ...wish }: WrittenWish, desk: CreditDesk): Promise<Outcome> {
  try {
    const answer = await desk.ask({ ...wish, ...(confirmedAt && { confirmedAt: new Date(confirmedAt) }) });
    return answer.kind === 'waiting' ? delivered(answer.id) : delivered(undefined, answer.kind);
  } catch (error) {
    if (error instanceof Problem) return refused(error.message);
    throw error;
  }
}
