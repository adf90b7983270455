import { eventually } from '#libs/testing';
import { answerJson, type LocalPartner } from './local-partner.js';
import type { Ask, ShopApp } from './shop-app.js';
import { eventOf, TOKEN } from './shop-database.js';

/** In every name and text of the company nobody else may see. */
export const CANARY = 'canary';
export const COMPANY = `${CANARY}-co`;
const OWN = { source: '/erp/demo', company: COMPANY };

/** What each `:parameter` stands for, by the path before it; what a route that is not here asks for, the spec says. */
export type Ids = ReadonlyMap<string, string>;

/** A company with one of everything the routes speak of. */
export async function openCompany(shop: ShopApp, partner: LocalPartner, vendor: Ask): Promise<Ids> {
  partner.answer = (response, { url }) => answerJson(response, url!.includes('REFUSED') ? 422 : 200, {});
  const save = async (settings: object, branch?: string): Promise<string> => {
    const reachable = { baseUrl: partner.url, allowPlainHttp: true, allowPrivateAddresses: true, token: TOKEN };
    const body = {
      ...OWN,
      branch,
      displayName: `${CANARY} Ltda`,
      enabled: true,
      settings: { ...reachable, ...settings },
    };
    return (await vendor('PUT', '/integrations', body)).body.id;
  };
  const first = (path: string): Promise<Record<string, string>> =>
    eventually(async () => {
      const { items } = (await vendor('GET', path)).body;
      if (items.length === 0) throw new Error(`${path} is empty`);
      return items[0];
    });
  const tell = (title: string, branch: string) =>
    shop.publish(eventOf('erp.receivable.opened.v1', { company: COMPANY, branch, title: `${CANARY}-${title}` }));

  const integration = await save({ periodicityMinutes: 1_440 });
  await save({}, '8');
  await save({ shelf: 'broken' }, '9');
  await tell('waits', '1');
  await tell('REFUSED', '8');
  await tell('broken', '9');
  const { position } = await first(`/deliveries?integrationId=${integration}`);
  const parked = await first(`/parked-events?company=${COMPANY}`);
  await first(`/deliveries?state=parked&company=${COMPANY}`);
  const redrive = { filter: { company: COMPANY }, reason: CANARY, perSecond: 1, expectedCount: 1 };
  const { id: redriveId } = (await vendor('POST', '/redrives', redrive)).body;
  await eventually(async () => {
    const { state } = (await vendor('GET', `/redrives/${redriveId}`)).body;
    if (state !== 'finished') throw new Error(`the redrive is ${state}`);
  });
  const load = await first(`/integrations/${integration}/loads`);
  return new Map([
    ['/integrations', integration],
    ['/integrations/:id/loads', load.id!],
    ['/deliveries', position!],
    ['/parked-events', parked.id!],
    ['/redrives', redriveId],
    // The shop reads nothing back, so there is none; a stranger is told the same as of one that is.
    ['/reconciliations', '1'],
    ['/balance/differences', '1'],
    ['/access/groups', await groupOf(vendor)],
  ]);
}

/** One to be deleted by whoever may. */
export async function groupOf(vendor: Ask): Promise<string> {
  return (await vendor('PUT', '/access/groups', BODIES['PUT /access/groups']!)).body.id;
}

/** What must be sent for a route to come as far as asking whose it is. */
export const BODIES: Readonly<Record<string, object>> = {
  'PUT /integrations': { ...OWN, displayName: `${CANARY} Ltda` },
  'PUT /system-parameter': { source: OWN.source, enabled: true },
  'PUT /access/groups': { ...OWN, name: `${CANARY}-group`, permissions: ['runs.read'] },
  'POST /redrives/preview': { filter: {} },
  'POST /redrives': { filter: {}, reason: 'out of curiosity', perSecond: 1, expectedCount: 1 },
  'POST /reconciliations/:id/repair': { kinds: ['missing'] },
  'POST /deliveries/:position/resolve': { reason: 'out of curiosity', happened: false },
  'POST /deliveries/:position/edit-and-resend': { reason: 'out of curiosity', body: { id: 'x' } },
  'POST /parked-events/:id/fix': { reason: 'out of curiosity', event: { id: 'x' } },
};

export const QUERIES: Readonly<Record<string, string>> = {
  'GET /system-parameter': '?source=/erp/demo',
  'GET /system-parameter/history': '?source=/erp/demo',
  'GET /capabilities': `?source=/erp/demo&company=${COMPANY}`,
};
