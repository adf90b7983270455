import { expect, it } from '@jest/globals';
import { listeningHere, loopback } from './listening.ts';
import { openAudit, openConnector, openReader, type OpenedApp } from './open-each.ts';

const APPS: [name: string, open: () => Promise<OpenedApp>][] = [
  ['customerx-connector', openConnector],
  ['audit', openAudit],
  ['erp-outbox-reader', openReader],
];

// Opening one proves the rights: each waits until what was published to it, or written in the ERP, is there to be seen.
it.each(APPS)(
  '%s works with the rights the manual gives and no others, and listens on its two ports, of the loopback alone',
  async (_name, open) => {
    const before = listeningHere();
    const app = await open();
    try {
      const opened = listeningHere().filter((address) => !before.includes(address));
      expect(opened.toSorted()).toEqual([loopback(app.url), loopback(app.opsUrl)].toSorted());
      expect(await (await fetch(`${app.opsUrl}/health/ready`)).json()).toMatchObject({ status: 'ok' });
    } finally {
      await app.close();
    }
    expect(listeningHere()).toEqual(before);
  },
  240_000,
);
