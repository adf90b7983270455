import { Identifier, Optional, Shaped, Text, Uuid } from './fields.js';

/**
 * What Ponte itself says on `ponte.events`. These rows are stored, searched and exported: business keys and ids only,
 * no names, no documents, no addresses; `reason` and `note` are written masked by whoever emits them.
 */

export const ERP_SOURCE_WORDS = '/erp/<instance>';
export const ERP_SOURCE_SHAPE = /^\/erp\/[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/;

/** One company's (or branch's) account at a partner. It implies whose everything is: source, company, branch. */
export class IntegrationRef {
  @Identifier()
  id!: string;

  @Text(120)
  name!: string;

  /** The ERP: the envelope's source is Ponte's own. */
  @Shaped(ERP_SOURCE_SHAPE, ERP_SOURCE_WORDS)
  source!: string;

  @Text(40)
  company!: string;

  @Optional()
  @Text(40)
  branch?: string;
}

/** The event of the ERP something came of. */
export class CausingEvent {
  @Uuid()
  id!: string;

  @Shaped(ERP_SOURCE_SHAPE, ERP_SOURCE_WORDS)
  source!: string;

  @Text(120)
  type!: string;

  @Text(200)
  subject!: string;
}

/** What the support desk types into a search box. */
export class BusinessKeys {
  @Optional()
  @Identifier()
  receivableId?: string;

  @Optional()
  @Text(60)
  titleNumber?: string;

  @Optional()
  @Text(20)
  installment?: string;

  @Optional()
  @Identifier()
  contractId?: string;

  @Optional()
  @Text(60)
  contractNumber?: string;

  @Optional()
  @Identifier()
  customerId?: string;

  @Optional()
  @Identifier()
  occurrenceId?: string;
}
