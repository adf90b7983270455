import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readEvent } from '#libs/contracts';
import { eventually } from '#libs/testing';
import { patienceMs, runs, sampled } from './fuzz-runs.ts';
import { CORPUS, hostileMessages } from './hostile-messages.ts';
import { goodMessage, openAudit, openConnector, untilFound, type HostileMessage, type OpenedApp } from './open-each.ts';

const KINDS = ['event', 'unknown-type', 'invalid', 'unreadable'];

function expectReadable({ content, contentType, headers }: HostileMessage): void {
  const read = readEvent(content, { contentType, headers });
  expect(KINDS).toContain(read.kind);
  if (read.kind === 'unreadable') expect(read.reason).toMatch(/\w+ \w+/);
  if (read.kind === 'invalid') expect(read.problems.join()).toMatch(/\w+ \w+/);
}

describe('an event that is none', () => {
  it.each(CORPUS)('is read without harm: %s', (_name, content) => {
    expectReadable({ content });
    expectReadable({
      content,
      contentType: 'application/cloudevents+json',
      headers: { 'cloudEvents:specversion': '1.0' },
    });
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  it('is read without harm, whatever it is', () => {
    fc.assert(fc.property(hostileMessages, expectReadable), runs(500));
  });
});

describe('among hostile messages', () => {
  const hostile = (): HostileMessage[] => [
    ...CORPUS.map(([, content]) => ({ content, contentType: 'application/cloudevents+json' })),
    ...sampled(hostileMessages, 100),
  ];

  it(
    'a connector plans every good event, keeps each of the others with a sentence, and stays ready',
    async () => {
      const connector = await openConnector();
      try {
        const good = await publishAmong(connector, hostile());
        const subjects = new Set(good.map((title) => `receivable/${title}`));
        await eventually(async () => {
          const { items } = await connector.ask<{ items: { subject: string }[] }>('GET', '/deliveries?limit=500');
          const planned = items.filter(({ subject }) => subjects.has(subject));
          if (planned.length < subjects.size) throw new Error(`${planned.length} of ${subjects.size} are planned`);
        }, PATIENT);
        const parked = await untilFound<{ reason: string; reasonCode: string }>(
          connector,
          '/parked-events?limit=500',
          30,
        );
        expect(parked.filter(({ reason, reasonCode }) => !/\w+ \w+/.test(reason) || !reasonCode)).toEqual([]);
        expect((await fetch(`${connector.opsUrl}/health/ready`)).status).toBe(200);
      } finally {
        await connector.close();
      }
    },
    patienceMs(240_000),
  );

  it(
    'the audit keeps every one, and finds the good ones',
    async () => {
      const audit = await openAudit();
      try {
        const good = await publishAmong(audit, hostile());
        for (const title of good) await untilFound(audit, `/entries?subject=receivable/${title}`);
        expect((await fetch(`${audit.opsUrl}/health/ready`)).status).toBe(200);
      } finally {
        await audit.close();
      }
    },
    patienceMs(240_000),
  );
});

const PATIENT = { withinMs: 120_000, everyMs: 200 };

/** A good event after every ten of the others, each of a title of its own. @returns the titles */
async function publishAmong(app: OpenedApp, messages: readonly HostileMessage[]): Promise<string[]> {
  const titles: string[] = [];
  for (const [at, message] of messages.entries()) {
    await app.publish(message);
    if (at % 10 !== 9) continue;
    const title = `GOOD-${at}`;
    titles.push(title);
    await app.publish(goodMessage('1', title));
  }
  return titles;
}
