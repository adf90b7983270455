import { Count, Identifier, Instant, OneOf, Optional, Part, Text } from './fields.js';

export const OCCURRENCE_ORIGINS = ['customer-portal', 'erp-user', 'crm', 'vimob'] as const;
export const OCCURRENCE_STATUSES = ['open', 'closed'] as const;

/** [tipo de ocorrência] Which types travel to the CRM is configured by code. */
export class OccurrenceType {
  @Identifier()
  code!: string;

  @Text(200)
  name!: string;
}

/** Data of `erp.occurrence.*`: one occurrence of a contract [ocorrência] after the change. */
export class OccurrenceChanged {
  @Identifier()
  occurrenceId!: string;

  @Text(40)
  company!: string;

  @Text(40)
  branch!: string;

  @Optional()
  @Identifier()
  contractId?: string;

  @Identifier()
  customerId!: string;

  @Part(() => OccurrenceType)
  occurrenceType!: OccurrenceType;

  @OneOf(OCCURRENCE_ORIGINS)
  origin!: (typeof OCCURRENCE_ORIGINS)[number];

  @OneOf(OCCURRENCE_STATUSES)
  status!: (typeof OCCURRENCE_STATUSES)[number];

  @Optional()
  @Text(200)
  title?: string;

  @Optional()
  @Text(8000)
  description?: string;

  /** The occurrence's code on the other side: by it CRM and Vimob find each other's. */
  @Optional()
  @Identifier()
  externalCode?: string;

  @Instant()
  openedAt!: string;

  @Optional()
  @Instant()
  closedAt?: string;

  @Count()
  sequence!: number;
}
