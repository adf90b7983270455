import { buildMessage, IsInt, IsOptional, Matches, Max, Min, ValidateBy } from 'class-validator';
import { withAccess } from '#libs/access';
import { AppEnvironment, IsUrlOf, SecretVariable, withBroker, withDatabase } from '#libs/runtime';
import { columnMistakes } from './outbox-columns.js';

const QUEUE_LIST = /^[\w.-]+(,[\w.-]+)*$/;

export class ReaderEnvironment extends withAccess(withBroker(withDatabase(AppEnvironment))) {
  override HTTP_PORT: number = 4101;
  override OPS_PORT: number = 4201;

  /** The topology and the required queues are looked at through it. */
  @IsUrlOf('http:', 'https:')
  @SecretVariable()
  override AMQP_MANAGEMENT_URL!: string;

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
  @IsColumnList()
  OUTBOX_COLUMNS?: string;

  /** Queues that must be bound before anything is published: what nobody had declared yet would miss events. */
  @IsOptional()
  @Matches(QUEUE_LIST, { message: 'must be queue names, separated by commas' })
  REQUIRED_QUEUES?: string;

  /** Snapshots a second of a walk through an export view; a twentieth of it while live rows wait. */
  @IsInt()
  @Min(1)
  @Max(100_000)
  BACKFILL_ROWS_PER_SECOND: number = 2_000;
}

function IsColumnList(): PropertyDecorator {
  return ValidateBy({
    name: 'isColumnList',
    validator: {
      validate: (value) => typeof value === 'string' && columnMistakes(value).length === 0,
      defaultMessage: buildMessage(
        (_, about) => `must be <what>=<column>,…: ${columnMistakes(String(about?.value)).join('; ')}`,
      ),
    },
  });
}
