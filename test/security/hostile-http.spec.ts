import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { patienceMs, runs } from './fuzz-runs.ts';
import { complaintAbout, routesToFuzz, send, type ApiDocument, type FuzzedRoute } from './http-fuzz.ts';
import { openAudit, openConnector, openReader, type OpenedApp } from './open-each.ts';

/** What stands in a list of each, for its id to be asked for. */
const APPS: [name: string, open: () => Promise<OpenedApp>, list: string][] = [
  ['customerx-connector', openConnector, '/integrations'],
  ['erp-outbox-reader', openReader, '/parked'],
  ['audit', openAudit, '/entries'],
];

it.each(APPS)(
  '%s answers every request with success or problem details: no 500, no stack, no statement',
  async (_name, open, list) => {
    const app = await open();
    try {
      const document = (await (await fetch(`${app.url}/docs/openapi.json`)).json()) as ApiDocument;
      const { items } = await app.ask<{ items: { id?: string; position?: string }[] }>('GET', list);
      const known = items.flatMap(({ id, position }) => [id ?? [], position ?? []].flat());
      const routes = routesToFuzz(document, known);
      expect(routes.length).toBeGreaterThan(8);
      const complaints: string[] = [];
      for (const route of routes) complaints.push(...(await tryOut(app, route)));
      expect(complaints).toEqual([]);
      expect((await fetch(`${app.opsUrl}/health/ready`)).status).toBe(200);
    } finally {
      await app.close();
    }
  },
  patienceMs(240_000),
);

async function tryOut({ url, token }: OpenedApp, { name, requests }: FuzzedRoute): Promise<string[]> {
  const property = fc.asyncProperty(requests, async (request) => {
    const complaint = complaintAbout(await send(url, request, token));
    if (complaint) throw new Error(complaint);
  });
  const found = await fc.check(property, runs(15));
  if (!found.failed) return [];
  const { message } = found.errorInstance as Error;
  return [`${name}: ${message} for ${JSON.stringify(found.counterexample).slice(0, 600)}`];
}
