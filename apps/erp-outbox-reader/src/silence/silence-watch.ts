import { Logger } from '@nestjs/common';
import type { LastWritten, OutboxReader } from '#libs/outbox';
import type { Clock } from '#libs/runtime';
import { alarmsOf, isMissed, quietMinutes, type Alarm, type Signs, type SilenceRules } from './alarms.js';
import type { Beat, BeatsRead, Heartbeats } from './heartbeats.js';

export interface SilenceWatchParts {
  outbox: OutboxReader;
  heartbeats: Heartbeats;
  rules: SilenceRules;
  clock: Clock;
}

export interface JobReport {
  job: string;
  lastBeatAt: Date;
  everySeconds: number;
  missed: boolean;
}

export interface SilenceReport {
  /** The instant of the last row of the outbox, whatever became of it; absent when none was ever seen. */
  lastEventAt?: Date;
  /** Minutes of business since then, or since the reader's start. */
  quietBusinessMinutes: number;
  /** 0 when no silence is too long. */
  alarmAfterMinutes: number;
  jobs: JobReport[];
  /** Why no job is watched. */
  jobsUnwatched?: string;
  alarms: Alarm[];
  /** Why the ERP's database did not answer the last look; all else is as it was before. */
  unread?: string;
}

const LOOK_EVERY_MS = 30_000;

/**
 * Notices an ERP that has fallen silent: one whose job has stopped leaves nothing to publish, and so looks like one whose
 * every event was published. Each replica watches for itself.
 */
export class SilenceWatch {
  private readonly log = new Logger('Silence');
  private readonly watchedSince: Date;
  private lastEventAt?: Date;
  private lastRow?: LastWritten;
  private lookedAt?: Date;
  private read: BeatsRead = { beats: [] };
  private standing = new Map<string, Alarm>();
  private unread?: string;
  private looking?: Promise<void>;

  constructor(private readonly parts: SilenceWatchParts) {
    this.watchedSince = parts.clock.now();
  }

  /** Looks every half a minute until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.look();
      await this.parts.clock.sleep(LOOK_EVERY_MS, signal);
    }
  }

  /** Never rejects: a database that does not answer leaves everything as it was. Who asks meanwhile shares the look. */
  look(): Promise<void> {
    this.looking ??= this.lookOnce().finally(() => {
      this.looking = undefined;
    });
    return this.looking;
  }

  report(): SilenceReport {
    const { clock, rules } = this.parts;
    const now = clock.now();
    return {
      lastEventAt: this.lastEventAt,
      quietBusinessMinutes: Math.floor(quietMinutes(this.signs, rules, now)),
      alarmAfterMinutes: rules.quietAfterMinutes,
      jobs: this.read.beats.map((beat) => toJob(beat, now)),
      jobsUnwatched: this.read.unwatched,
      alarms: [...this.standing.values()],
      unread: this.unread,
    };
  }

  /** Seconds since the last event, or since somebody looks. */
  get lastEventAgeSeconds(): number {
    const since = this.lastEventAt ?? this.watchedSince;
    return (this.parts.clock.now().getTime() - since.getTime()) / 1_000;
  }

  private get signs(): Signs {
    return { lastEventAt: this.lastEventAt, watchedSince: this.watchedSince, beats: this.read.beats };
  }

  private async lookOnce(): Promise<void> {
    const { clock, heartbeats, outbox, rules } = this.parts;
    try {
      const [last, read] = await Promise.all([outbox.lastWritten(), heartbeats.read()]);
      const now = clock.now();
      this.hear(last, now);
      this.tellUnwatched(read);
      this.read = read;
      this.lookedAt = now;
      this.stand(alarmsOf(this.signs, rules, now));
      this.unread = undefined;
    } catch (error) {
      const reason = (error as Error).message;
      if (this.unread !== reason) this.log.warn({ event: 'source.not-looked-at', reason });
      this.unread = reason;
    }
  }

  /**
   * A row above the last one came since the look before, whatever its own clock says: replayed history is no silence, and
   * an hour that is yet to come does not put off the next alarm.
   */
  private hear(last: LastWritten | undefined, now: Date): void {
    const before = this.lastRow;
    if (!last || (last.position === before?.position && last.occurredAtMs === before.occurredAtMs)) return;
    const isAbove = !before || BigInt(last.position) > BigInt(before.position);
    const earliest = isAbove ? this.lookedAt : this.lastEventAt;
    const at = Math.min(Math.max(last.occurredAtMs, earliest?.getTime() ?? 0), now.getTime());
    this.lastEventAt = new Date(at);
    this.lastRow = last;
  }

  private stand(alarms: readonly Alarm[]): void {
    const before = this.standing;
    this.standing = new Map(alarms.map((alarm) => [`${alarm.why} ${alarm.job ?? ''}`, alarm]));
    for (const [key, alarm] of this.standing) {
      if (!before.has(key)) this.log.warn({ event: 'source.silent', ...alarm });
    }
    for (const [key, { job, since, why }] of before) {
      if (!this.standing.has(key)) this.log.log({ event: 'source.heard', why, job, silentSince: since });
    }
  }

  private tellUnwatched({ unwatched }: BeatsRead): void {
    if (unwatched === this.read.unwatched) return;
    if (unwatched === undefined) this.log.log({ event: 'source.heartbeats-watched' });
    else this.log.log({ event: 'source.heartbeats-not-watched', reason: unwatched });
  }
}

function toJob(beat: Beat, now: Date): JobReport {
  const { beatAtMs, everySeconds, job } = beat;
  return { job, lastBeatAt: new Date(beatAtMs), everySeconds, missed: isMissed(beat, now) };
}
