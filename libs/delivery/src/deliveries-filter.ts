import type { BusinessKeys } from '#libs/contracts';

/** A company somebody may see, or one branch of it. */
export interface SeenTerritory {
  source: string;
  company: string;
  branch?: string;
}

/** What to look for; everything that is given must hold. */
export interface DeliveryFilter {
  source?: string;
  company?: string;
  branch?: string;
  integrationId?: string;
  operation?: string;
  state?: string;
  subject?: string;
  eventId?: string;
  keys?: Partial<BusinessKeys>;
  /** Of the planning, the settlement or the failure, by what is listed. */
  from?: Date;
  to?: Date;
  /** Upper or lower case. */
  reasonContains?: string;
  /** Of a group of failures. */
  fingerprint?: string;
}

/** The first parameters of every statement over deliveries, as `filtered` reads them. @param seen undefined for everything */
export function filterValues(seen: readonly SeenTerritory[] | undefined, filter: DeliveryFilter): unknown[] {
  const keys = filter.keys && Object.keys(filter.keys).length > 0 ? JSON.stringify(filter.keys) : null;
  return [
    seen?.map(({ source }) => source) ?? null,
    seen?.map(({ company }) => company) ?? null,
    seen?.map(({ branch }) => branch ?? null) ?? null,
    filter.source ?? null,
    filter.company ?? null,
    filter.branch ?? null,
    filter.integrationId ?? null,
    filter.operation ?? null,
    filter.state ?? null,
    filter.subject ?? null,
    filter.eventId ?? null,
    keys,
    filter.from ?? null,
    filter.to ?? null,
    filter.reasonContains?.toLowerCase() ?? null,
    filter.fingerprint ?? null,
  ];
}
