import type { PartnerAnswer } from '../partner.js';
import { unprocessable } from './customerx-answers.js';
import type { CustomerXCall, Endpoint } from './customerx-call.js';
import { FieldReader } from './fields.js';

/** The Tracking API: one address, one verb; every event counts, also one that came before. */
export const TRACKER: Record<string, Endpoint> = { POST: track };

function track({ body, account, settings, nowIso }: CustomerXCall): PartnerAnswer {
  const reader = new FieldReader(body, settings.dateFormat);
  reader.require('external_id_client', 'type_tracking');
  const [client, type, identifier, email] = ['external_id_client', 'type_tracking', 'identifier', 'email'].map(
    (field) => reader.text(field),
  );
  const answer = { resource: 'tracking', externalId: identifier ?? undefined };
  if (!reader.isRight) return { ...unprocessable(reader.errors), ...answer };
  const tracking = {
    external_id_client: client!,
    type_tracking: type!,
    identifier: identifier ?? null,
    email: email ?? null,
    tracked_at: nowIso,
  };
  account.trackings.push(tracking);
  return { status: 201, body: tracking, effect: 'created', ...answer };
}
