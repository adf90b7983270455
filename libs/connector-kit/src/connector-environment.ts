import { IsUrlOf, SecretVariable, AppEnvironment, withBroker, withDatabase } from '#libs/runtime';
import { withAccess } from '#libs/access';
import { withSettingsKeys } from '#libs/settings';

/** What every connector reads from its environment. */
export class ConnectorEnvironment extends withSettingsKeys(withAccess(withBroker(withDatabase(AppEnvironment)))) {
  /** The topology's policies are set and audited through it. */
  @IsUrlOf('http:', 'https:')
  @SecretVariable()
  override AMQP_MANAGEMENT_URL!: string;
}
