import { IsOptional, Matches, ValidateBy } from 'class-validator';
import { AppEnvironment, withBroker, withDatabase } from '#libs/runtime';
import { withAccess } from '#libs/access';
import { userOf } from '#libs/broker';
import { readDirectPublishers, WaysIn } from '#libs/delivery';
import { withSettingsKeys } from '#libs/settings';

/** What every connector reads from its environment. */
export class ConnectorEnvironment extends withSettingsKeys(withAccess(withBroker(withDatabase(AppEnvironment)))) {
  /** What ERPs publish to the broker themselves, `<source>:<event types>=<broker user>,…`; all else comes by outbox. */
  @IsOptional()
  @AreDirectPublishers()
  DIRECT_PUBLISHERS?: string;

  /** As whom the outbox readers log in to the broker, with commas; as this app itself, unless told. */
  @IsOptional()
  @Matches(/^[^\s,]+(,[^\s,]+)*$/, { message: 'READER_BROKER_USERS must be broker users with commas between them' })
  READER_BROKER_USERS?: string;

  /** As whom the audit logs in to the broker: it may publish events again that were missed. This app itself, unless told. */
  @IsOptional()
  @Matches(/^[^\s,]+$/, { message: 'AUDIT_BROKER_USER must be one broker user' })
  AUDIT_BROKER_USER?: string;
}

export function readWaysIn(environment: ConnectorEnvironment): WaysIn {
  const { AUDIT_BROKER_USER, DIRECT_PUBLISHERS, READER_BROKER_USERS, AMQP_URL } = environment;
  return new WaysIn({
    readers: READER_BROKER_USERS?.split(',') ?? [userOf(AMQP_URL)],
    reEmitters: [AUDIT_BROKER_USER ?? userOf(AMQP_URL)],
    direct: readDirectPublishers(DIRECT_PUBLISHERS ?? ''),
  });
}

function AreDirectPublishers(): PropertyDecorator {
  return ValidateBy({
    name: 'areDirectPublishers',
    validator: {
      validate: (value) => mistakeIn(value) === undefined,
      defaultMessage: (given) => mistakeIn(given?.value) ?? '',
    },
  });
}

function mistakeIn(value: unknown): string | undefined {
  if (typeof value !== 'string') return 'is no text';
  try {
    readDirectPublishers(value);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
