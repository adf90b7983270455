import type { ReceivableChanged } from '#libs/contracts';
import type { FinishedRun } from '#libs/delivery';
import { toClientId, type ClientIdFormat } from './customerx.client-id.js';
import { toIdentifier } from './customerx.mapping.js';
import type { CustomerXSettings } from './customerx.settings.js';

/** What the Tracking API takes: something a client did. */
export interface Tracking {
  external_id_client: string;
  type_tracking: string;
  identifier: string;
  email?: string;
}

export type TrackingFormat = ClientIdFormat &
  Pick<CustomerXSettings, 'trackingType' | 'trackingIdentifier' | 'trackingEmail'>;

/** A settlement as a tracking; the title, as people name it, unless the settings give an identifier of their own. */
export function toTracking(title: ReceivableChanged, format: TrackingFormat): Tracking {
  return {
    external_id_client: toClientId(title, format),
    type_tracking: format.trackingType,
    identifier: format.trackingIdentifier ?? toIdentifier(title),
    ...(format.trackingEmail && { email: format.trackingEmail }),
  };
}

export type RunTrackingFormat = Pick<
  CustomerXSettings,
  'trackingClient' | 'trackingType' | 'trackingIdentifier' | 'trackingEmail'
>;

/** A run as a tracking of the client the settings name. */
export function toRunTracking({ runId }: Pick<FinishedRun, 'runId'>, format: RunTrackingFormat): Tracking {
  return {
    external_id_client: format.trackingClient!,
    type_tracking: format.trackingType,
    identifier: format.trackingIdentifier ?? `run/${runId}`,
    ...(format.trackingEmail && { email: format.trackingEmail }),
  };
}
