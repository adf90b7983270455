import { Injectable } from '@nestjs/common';
import { IsIn, IsOptional, IsString } from 'class-validator';
import type { Caller } from '#libs/access';
import { Clock, Problem } from '#libs/runtime';
import { ownRecord } from '../intake/own-record.js';
import { Recorder } from '../intake/recorder.js';
import { Entries } from './entries.js';

/** What came, unmasked. */
export class RevealedPayload {
  @IsString()
  id!: string;

  /** The bytes as text, or in base64 where they are none. */
  @IsString()
  content!: string;

  @IsIn(['utf-8', 'base64'])
  encoding!: 'utf-8' | 'base64';

  @IsOptional()
  @IsString()
  contentType?: string;
}

/** Shows a payload as it came, and records who looked and why before anybody sees it. */
@Injectable()
export class Reveal {
  constructor(
    private readonly entries: Entries,
    private readonly recorder: Recorder,
    private readonly clock: Clock,
  ) {}

  /** @throws Problem 404, 403; 410 `erased` where its key is gone */
  async show(caller: Caller, id: string, reason: string, traceId: string): Promise<RevealedPayload> {
    const row = await this.entries.row(caller, 'events.read-personal', id);
    const message = this.entries.open(row);
    if (!message)
      throw new Problem({ type: 'erased', status: 410, detail: 'Its key was thrown away; nobody can read it.' });
    const { owner, company, branch, eventId, source, type } = row;
    const act = ownRecord({
      type: 'audit.payload.revealed.v1',
      owner,
      company,
      branch: branch ?? undefined,
      subject: `entry/${id}`,
      actor: caller.id,
      traceId,
      causeId: eventId,
      at: this.clock.now(),
      data: { entryId: id, event: { id: eventId, source, type }, reason },
    });
    await this.recorder.recordRequest((_client, append) => append([act]));
    return { id, contentType: message.contentType, ...asText(message.content) };
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

function asText(content: Buffer): Pick<RevealedPayload, 'content' | 'encoding'> {
  try {
    return { content: UTF8.decode(content), encoding: 'utf-8' };
  } catch {
    return { content: content.toString('base64'), encoding: 'base64' };
  }
}
