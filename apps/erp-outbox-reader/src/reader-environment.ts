import { buildMessage, IsInt, IsOptional, Matches, Max, Min, ValidateBy } from 'class-validator';
import { withAccess } from '#libs/access';
import { AppEnvironment, IsUrlOf, SecretVariable, withBroker, withDatabase } from '#libs/runtime';
import { columnMistakes } from './outbox-columns.js';
import { holidayMistakes, hoursMistakes, isZone } from './silence/read-business-hours.js';

const QUEUE_LIST = /^[\w.-]+(,[\w.-]+)*$/;

export class ReaderEnvironment extends withAccess(withBroker(withDatabase(AppEnvironment))) {
  override HTTP_PORT: number = 4101;
  override OPS_PORT: number = 4201;

  /** The ERP's own database, as a role that may read the outbox and mark its rows, nothing else. */
  @IsUrlOf('postgres:', 'postgresql:')
  @SecretVariable()
  ERP_DATABASE_URL!: string;

  /** The CloudEvents source of every row. */
  @Matches(/^\/erp\/[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/, { message: 'must be /erp/<instance>' })
  ERP_SOURCE: string = '/erp/demo';

  @Matches(/^[a-z_][a-z0-9_$]*(\.[a-z_][a-z0-9_$]*)?$/i, {
    message: 'must be a table name, with or without its schema',
  })
  OUTBOX_TABLE: string = 'erp_outbox';

  /** Columns that are not called as in the SQL kit: `occurredAt=created_at,branch=`; an empty name for one not there. */
  @IsOptional()
  @HasNoMistakes('<what>=<column>,…', columnMistakes)
  OUTBOX_COLUMNS?: string;

  /** On which the ERP says that it has committed rows: `erp_outbox`, with the kit's trigger. None: they are looked for. */
  @IsOptional()
  @Matches(/^[a-z_][a-z0-9_]{0,62}$/, { message: 'must be the name of a channel, in lower case' })
  OUTBOX_CHANNEL?: string;

  /** Queues that must be bound before anything is published: what nobody had declared yet would miss events. */
  @IsOptional()
  @Matches(QUEUE_LIST, { message: 'must be queue names, separated by commas' })
  REQUIRED_QUEUES?: string;

  /** Snapshots a second of a walk through an export view; a twentieth of it while live rows wait. */
  @IsInt()
  @Min(1)
  @Max(100_000)
  BACKFILL_ROWS_PER_SECOND: number = 2_000;

  /** When somebody works with the ERP, Monday being 1: `1-5 08:00-12:00; 1-5 13:00-18:00; 6 08:00-12:00`. */
  @HasNoMistakes('<days> <from>-<to>; …', hoursMistakes)
  BUSINESS_HOURS: string = '1-5 08:00-18:00';

  /** The zone of those hours. */
  @HasNoMistakes('an IANA zone', (zone) => (isZone(zone) ? [] : [`"${zone}" is none`]))
  BUSINESS_ZONE: string = 'America/Sao_Paulo';

  /** Days without business: `2026-12-24`, or `12-25` for every year. */
  @IsOptional()
  @HasNoMistakes('<date>,…', holidayMistakes)
  BUSINESS_HOLIDAYS?: string;

  /** Minutes of business without an event after which the ERP is silent; 0 for never. */
  @IsInt()
  @Min(0)
  @Max(100_000)
  SILENCE_AFTER_MINUTES: number = 120;
}

function HasNoMistakes(shape: string, mistakesOf: (text: string) => string[]): PropertyDecorator {
  return ValidateBy({
    name: 'hasNoMistakes',
    validator: {
      validate: (value) => typeof value === 'string' && mistakesOf(value).length === 0,
      defaultMessage: buildMessage((_, about) => `must be ${shape}: ${mistakesOf(String(about?.value)).join('; ')}`),
    },
  });
}
