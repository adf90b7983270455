import { DateTime } from 'luxon';
import { businessMinutes, type BusinessHours } from './business-hours.js';
import type { Beat } from './heartbeats.js';

export const SILENCE_WHYS = ['no-event', 'no-heartbeat'] as const;
export type SilenceWhy = (typeof SILENCE_WHYS)[number];

export interface SilenceRules {
  hours: BusinessHours;
  /** Minutes of business without an event that are one too many from here on; 0 for never. */
  quietAfterMinutes: number;
}

/** What is known of the ERP. */
export interface Signs {
  /** None was ever seen while this is not there. */
  lastEventAt?: Date;
  /** Since when somebody looks. */
  watchedSince: Date;
  beats: readonly Beat[];
}

export interface Alarm {
  why: SilenceWhy;
  job?: string;
  /** The last sign of life; for an outbox that was always empty, the reader's start. */
  since: Date;
  pt: string;
  en: string;
}

/** Beats that may be missed: a slow run is none, a job that stands still is soon. */
const PERIODS = 3;
/** Longer than this is not counted out. */
const COUNTED_DAYS = 366;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** Pure: what stands, the missing events first, then the jobs by their names. */
export function alarmsOf(signs: Signs, rules: SilenceRules, now: Date): Alarm[] {
  const missed = signs.beats.filter((beat) => isMissed(beat, now));
  return [...quietAlarm(signs, rules, now), ...missed.map((beat) => missedAlarm(beat, rules, now))];
}

/** Minutes of business since the last event, or since somebody looks; counted up to a year. */
export function quietMinutes({ lastEventAt, watchedSince }: Signs, { hours }: SilenceRules, now: Date): number {
  const since = (lastEventAt ?? watchedSince).getTime();
  return businessMinutes(new Date(Math.max(since, now.getTime() - COUNTED_DAYS * DAY_MS)), now, hours);
}

/** Day and night: a job beats even when there is nothing to do. */
export function isMissed({ beatAtMs, everySeconds }: Beat, now: Date): boolean {
  return now.getTime() - beatAtMs > PERIODS * everySeconds * 1_000;
}

function quietAlarm(signs: Signs, rules: SilenceRules, now: Date): Alarm[] {
  const minutes = quietMinutes(signs, rules, now);
  if (rules.quietAfterMinutes === 0 || minutes <= rules.quietAfterMinutes) return [];
  const since = signs.lastEventAt ?? signs.watchedSince;
  const at = inWords(since, rules.hours.zone);
  const last = signs.lastEventAt
    ? { pt: `o último foi em ${at.pt}`, en: `the last came at ${at.en}` }
    : {
        pt: `a outbox está vazia desde o início do leitor, em ${at.pt}`,
        en: `the outbox was empty all along, since ${at.en}`,
      };
  const count = Math.floor(minutes);
  return [
    {
      why: 'no-event',
      since,
      pt: `O ERP não gravou nenhum evento em ${count} minutos de expediente; ${last.pt}. Verifique no ERP o job que grava a outbox.`,
      en: `The ERP has recorded no event for ${count} business minutes; ${last.en}. Look at the ERP's job that writes the outbox.`,
    },
  ];
}

function missedAlarm({ beatAtMs, everySeconds, job }: Beat, { hours }: SilenceRules, now: Date): Alarm {
  const since = new Date(beatAtMs);
  const at = inWords(since, hours.zone);
  const count = Math.floor((now.getTime() - beatAtMs) / MINUTE_MS);
  return {
    why: 'no-heartbeat',
    job,
    since,
    pt: `O job "${job}" do ERP não dá sinal há ${count} min (deveria a cada ${everySeconds} s); o último foi em ${at.pt}. Verifique se ele está rodando.`,
    en: `The ERP's job "${job}" has not been heard of for ${count} min (it should beat every ${everySeconds} s); the last beat was at ${at.en}. See whether it still runs.`,
  };
}

function inWords(instant: Date, zone: string): { pt: string; en: string } {
  const here = DateTime.fromJSDate(instant, { zone });
  return { pt: here.toFormat('dd/MM/yyyy HH:mm'), en: here.toFormat("yyyy-MM-dd HH:mm ('UTC'ZZ)") };
}
