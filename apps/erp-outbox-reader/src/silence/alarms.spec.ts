import { describe, expect, it } from '@jest/globals';
import { alarmsOf, quietMinutes, type SilenceRules } from './alarms.js';
import { readBusinessHours } from './read-business-hours.js';

const RULES: SilenceRules = {
  hours: readBusinessHours({ hours: '1-5 08:00-18:00', zone: 'America/Sao_Paulo' }),
  quietAfterMinutes: 120,
};
const START = new Date('2026-11-01T12:00:00Z');
/** A Monday, half past eleven in São Paulo. */
const NOW = new Date('2026-11-23T14:30:00Z');
const ago = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000);

describe('the alarms', () => {
  it('say in both languages for how long there was no event, and what to look at', () => {
    const alarms = alarmsOf({ lastEventAt: ago(121), watchedSince: START, beats: [] }, RULES, NOW);
    expect(alarms).toEqual([
      {
        why: 'no-event',
        since: ago(121),
        pt: 'O ERP não gravou nenhum evento em 121 minutos de expediente; o último foi em 23/11/2026 09:29. Verifique no ERP o job que grava a outbox.',
        en: "The ERP has recorded no event for 121 business minutes; the last came at 2026-11-23 09:29 (UTC-03:00). Look at the ERP's job that writes the outbox.",
      },
    ]);
  });

  it.each([
    ['as many minutes as are allowed', 120, 120, 0],
    ['one more', 121, 120, 1],
    ['any number of minutes, where nothing is asked for', 200, 0, 0],
  ])('after %s', (_, minutes, quietAfterMinutes, expected) => {
    const signs = { lastEventAt: ago(minutes), watchedSince: START, beats: [] };
    expect(alarmsOf(signs, { ...RULES, quietAfterMinutes }, NOW)).toHaveLength(expected);
  });

  it('count from the start while the outbox was always empty', () => {
    const signs = (minutes: number) => ({ watchedSince: ago(minutes), beats: [] });
    expect(alarmsOf(signs(120), RULES, NOW)).toEqual([]);
    expect(alarmsOf(signs(121), RULES, NOW)).toMatchObject([
      { why: 'no-event', since: ago(121), pt: expect.stringContaining('a outbox está vazia desde o início do leitor') },
    ]);
  });

  it('name each job that has missed three of its beats, day and night', () => {
    const night = new Date('2026-11-22T05:00:00Z');
    const beat = (job: string, secondsAgo: number) => ({
      job,
      everySeconds: 300,
      beatAtMs: night.getTime() - secondsAgo * 1_000,
    });
    const beats = [beat('baixas', 900), beat('títulos', 901)];
    expect(alarmsOf({ lastEventAt: night, watchedSince: START, beats }, RULES, night)).toEqual([
      {
        why: 'no-heartbeat',
        job: 'títulos',
        since: new Date(night.getTime() - 901_000),
        pt: 'O job "títulos" do ERP não dá sinal há 15 min (deveria a cada 300 s); o último foi em 22/11/2026 01:44. Verifique se ele está rodando.',
        en: 'The ERP\'s job "títulos" has not been heard of for 15 min (it should beat every 300 s); the last beat was at 2026-11-22 01:44 (UTC-03:00). See whether it still runs.',
      },
    ]);
  });

  it('count an hour of long ago up to a year, and are quick about it', () => {
    const began = performance.now();
    const minutes = quietMinutes(
      { lastEventAt: new Date(-62_135_596_800_000), watchedSince: START, beats: [] },
      RULES,
      NOW,
    );
    expect(minutes / 600).toBeGreaterThan(250);
    expect(minutes / 600).toBeLessThan(270);
    expect(performance.now() - began).toBeLessThan(10_000);
  });
});
