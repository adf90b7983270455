import { ConnectorEnvironment } from '#libs/connector-kit';
import { Secret } from '#libs/runtime';
import { IsKeyRing } from '#libs/settings';

/** What a connector that sells credit analyses reads from its environment. */
export class CreditEnvironment extends ConnectorEnvironment {
  /** The same as the audit's: of whom something is said that the ERP has no customer for, the audit finds by it. */
  @IsKeyRing()
  PERSON_KEYS!: Secret;
}
