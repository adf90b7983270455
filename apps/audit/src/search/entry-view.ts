import {
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsISO8601,
  IsObject,
  IsOptional,
  IsString,
  ValidateNested,
} from 'class-validator';
import { Type } from 'class-transformer';
import { READINGS, type Reading } from '../intake/audit-record.js';
import { fieldsOf, textOf } from '../intake/found-by.js';
import type { HeldMessage } from '../intake/held-message.js';
import { readMessage } from '../intake/read-record.js';
import { maskIdentifier, maskPersonal, maskText } from './masking.js';

/** What an outcome says in short: of a delivery, a run, or an event from which nothing was planned. */
export class OutcomeView {
  @IsOptional()
  @IsString()
  integration?: string;

  @IsOptional()
  @IsString()
  operation?: string;

  /** Why it went as it went, in the connector's words. */
  @IsOptional()
  @IsString()
  reason?: string;

  @IsOptional()
  @IsString()
  reasonCode?: string;

  @IsOptional()
  @IsInt()
  attempts?: number;

  /** The partner's own name for it. */
  @IsOptional()
  @IsString()
  reference?: string;
}

/** One entry as lists show it. */
export class EntryView {
  @IsString()
  id!: string;

  @IsISO8601()
  receivedAt!: string;

  /** Who said it: the ERP, or an app of Ponte. */
  @IsString()
  source!: string;

  /** The ERP whose company it is about; `source` in a search means this one. */
  @IsString()
  owner!: string;

  @IsString()
  company!: string;

  @IsOptional()
  @IsString()
  branch?: string;

  @IsString()
  type!: string;

  @IsOptional()
  @IsISO8601()
  time?: string;

  @IsString()
  eventId!: string;

  /** The event this outcome came of. */
  @IsOptional()
  @IsString()
  causeId?: string;

  @IsOptional()
  @IsString()
  subject?: string;

  @IsOptional()
  @IsString()
  actor?: string;

  @IsOptional()
  @IsString()
  traceId?: string;

  @IsOptional()
  @IsString()
  sequence?: string;

  /** How far it could be read; `own`: the audit itself did it. */
  @IsIn(READINGS)
  reading!: Reading;

  /** Its key was thrown away: what it said cannot be read again, that it was there can still be proved. */
  @IsBoolean()
  erased!: boolean;

  @IsOptional()
  @ValidateNested()
  @Type(() => OutcomeView)
  outcome?: OutcomeView;
}

/** One entry with what it says, personal data masked. */
export class EntryDetail extends EntryView {
  /** Shown where its shape is known; of anything else nobody can say where the personal data is. */
  @IsOptional()
  @IsObject()
  data?: unknown;

  /** Why it could not be taken as an event. */
  @IsOptional()
  @IsArray()
  @IsString({ each: true })
  problems?: string[];

  @IsOptional()
  @IsString()
  exchange?: string;

  @IsOptional()
  @IsString()
  routingKey?: string;

  @IsOptional()
  @IsInt()
  bytes?: number;
}

/** The row behind a view. */
export interface EntryRow {
  id: string;
  receivedAt: Date;
  source: string;
  owner: string;
  company: string;
  branch: string | null;
  eventId: string;
  causeId: string | null;
  type: string;
  time: Date | null;
  actor: string | null;
  traceId: string | null;
  sequence: string | null;
  reading: Reading;
}

const SHOWN_READINGS: readonly Reading[] = ['event', 'outcome', 'own'];

/** `message` is undefined where the key is gone. */
export function toEntryView(row: EntryRow, message: HeldMessage | undefined): EntryView {
  const said = message && readSaid(message);
  return {
    id: row.id,
    receivedAt: row.receivedAt.toISOString(),
    source: row.source,
    owner: row.owner,
    company: row.company,
    branch: row.branch ?? undefined,
    type: row.type,
    time: row.time?.toISOString(),
    eventId: row.eventId,
    causeId: row.causeId ?? undefined,
    subject: said?.subject && maskIdentifier(said.subject),
    actor: row.actor === null ? undefined : maskIdentifier(row.actor),
    traceId: row.traceId ?? undefined,
    sequence: row.sequence ?? undefined,
    reading: row.reading,
    erased: message === undefined,
    outcome: row.source.startsWith('/ponte/') ? toOutcomeView(said?.data) : undefined,
  };
}

export function toEntryDetail(row: EntryRow, message: HeldMessage | undefined): EntryDetail {
  const view = toEntryView(row, message);
  if (message === undefined) return view;
  const { data, problems } = readSaid(message);
  return {
    ...view,
    data: SHOWN_READINGS.includes(row.reading) ? maskPersonal(data) : undefined,
    problems: row.reading === 'own' ? undefined : problems?.map(maskText),
    exchange: message.exchange,
    routingKey: message.routingKey,
    bytes: message.content.length,
  };
}

function readSaid(message: HeldMessage): { subject?: string; data?: unknown; problems?: string[] } {
  const read = readMessage(message);
  if (read.kind === 'unreadable') return { problems: [read.reason] };
  const { subject, data } = 'event' in read ? read.event : read.envelope;
  return { subject, data, problems: read.kind === 'invalid' ? read.problems : undefined };
}

function toOutcomeView(data: unknown): OutcomeView {
  const fields = fieldsOf(data);
  const reason = typeof fields.reason === 'string' ? fields.reason : fields.note;
  return {
    integration: textOf(fieldsOf(fields.integration).name),
    operation: textOf(fields.operation),
    reason: typeof reason === 'string' ? maskText(reason) : undefined,
    reasonCode: textOf(fields.reasonCode),
    attempts: typeof fields.attempts === 'number' ? fields.attempts : undefined,
    reference: textOf(fields.reference),
  };
}
