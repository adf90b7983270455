import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EventType, HubEvent } from '#libs/contracts';
import { eventually } from '#libs/testing';
import { type AuditWorld, eventOf, openAuditWorld, outcomeOf, tokenOf } from '../../test/audit-under-test.js';
import type { EntryView } from './entry-view.js';

let world: AuditWorld;
let audit: AuditWorld['audit'];
let publish: AuditWorld['publish'];

const trace = '0af7651916cd43dd8448eb211c80319c';
const opened = eventOf('erp.receivable.opened.v1', (event) => {
  event.time = '2026-06-10T09:00:00-03:00';
  event.traceparent = `00-${trace}-b7ad6b7169203331-01`;
});
const settled = eventOf('erp.receivable.settled.v1', (event) => (event.actor = 'ana.baixas'));
const otherTitle = eventOf('erp.receivable.snapshot.v1');
const customer = eventOf('erp.customer.changed.v1');
const contract = eventOf('erp.contract.signed.v1', (event) => {
  event.branch = '9';
  event.data.branch = '9';
});
const elsewhere = inCompany(eventOf('erp.receivable.opened.v1'), '2');
const otherErp = eventOf('erp.receivable.opened.v1', (event) => (event.source = '/erp/other'));
const planned = outcomeOf('delivery.delivered.v1', settled);
const unplanned = outcomeOf('event.unplanned.v1', settled);
const everything = [opened, settled, otherTitle, customer, contract, elsewhere, otherErp, planned, unplanned];

beforeAll(async () => {
  world = await openAuditWorld();
  ({ audit, publish } = world);
  await publish.erp(opened, settled, otherTitle, customer, contract, elsewhere, otherErp);
  await publish.ponte(planned, unplanned);
  await eventually(async () => {
    const { items } = (await audit.get('/entries')).body;
    expect(items).toHaveLength(everything.length);
  });
});

afterAll(() => world?.close());

const found = async (query: string, bearer?: string) => {
  const { status, body } = await audit.get(`/entries?${query}`, bearer);
  expect(status).toBe(200);
  return body.items.map(({ eventId }) => eventId).sort();
};
const idsOf = (...events: { id: string }[]) => events.map(({ id }) => id).sort();
const ours = 'source=/erp/demo&company=1';

describe('search of the audit', () => {
  it('finds a title by its number, with everything that came of it', async () => {
    expect(await found(`${ours}&title=${opened.data.number}`)).toEqual(idsOf(opened, settled, planned, unplanned));
  });

  it.each([
    ['as it is stored', '52998224725', 'document'],
    ['with punctuation', '529.982.247-25', 'document'],
  ])('finds a person by CPF %s', async (_how, written) => {
    const document = opened.data.customer.document;
    const typed = written.includes('.') ? document.replace(/(...)(...)(...)(..)/, '$1.$2.$3-$4') : document;
    expect(await found(`${ours}&document=${encodeURIComponent(typed)}`)).toEqual(idsOf(opened, settled, contract));
  });

  it('finds a company by an alphanumeric CNPJ, punctuated and in lower case', async () => {
    const document = customer.data.document!;
    expect(document).toMatch(/[A-Z]/);
    const typed = `${document.slice(0, 2)}.${document.slice(2, 5)}.${document.slice(5, 8)}/${document.slice(8, 12)}-${document.slice(12)}`;
    expect(await found(`${ours}&document=${encodeURIComponent(typed.toLowerCase())}`)).toContain(customer.id);
    expect(await found(`${ours}&document=${document.replaceAll(/[A-Z]/g, '')}`)).toEqual([]);
  });

  it('finds by the aggregate an event names, whatever kind of event it is', async () => {
    expect(await found(`${ours}&subject=customer/${opened.data.customer.id}`)).toEqual(
      idsOf(opened, settled, contract, planned, unplanned),
    );
    expect(await found(`${ours}&subject=contract/2207`)).toContain(contract.id);
  });

  it('finds by actor, event, trace, type and time, and by all of them together', async () => {
    expect(await found('actor=ana.baixas')).toEqual(idsOf(settled));
    expect(await found(`eventId=${customer.id}`)).toEqual(idsOf(customer));
    expect(await found(`traceId=${trace}`)).toEqual(idsOf(opened));
    expect(await found('type=customerx.event.*')).toEqual(idsOf(unplanned));
    expect(await found('from=2026-06-10T12:00:00Z&to=2026-06-10T12:00:01Z')).toEqual(idsOf(opened));
    expect(await found(`${ours}&title=${opened.data.number}&actor=ana.baixas`)).toEqual(idsOf(settled));
    expect(await found(`${ours}&title=${opened.data.number}&subject=customer/nobody`)).toEqual([]);
  });

  it('keeps the same title number of two companies and of two ERPs apart', async () => {
    expect(await found(`source=/erp/demo&company=2&title=${opened.data.number}`)).toEqual(idsOf(elsewhere));
    expect(await found(`source=/erp/other&company=1&title=${opened.data.number}`)).toEqual(idsOf(otherErp));
    expect(await found(`title=${opened.data.number}`)).toEqual(
      idsOf(opened, settled, planned, unplanned, elsewhere, otherErp),
    );
  });

  it.each(['newest', 'oldest'] as const)('pages through everything once, %s first', async (order) => {
    const seen: EntryView[] = [];
    for (let cursor = ''; ;) {
      const { body } = await audit.get(`/entries?limit=2&order=${order}${cursor}`);
      seen.push(...body.items);
      if (!body.next) break;
      cursor = `&cursor=${body.next}`;
    }
    expect(seen.map(({ eventId }) => eventId).sort()).toEqual(idsOf(...everything));
    const ids = seen.map(({ id }) => Number(id));
    expect(ids).toEqual(ids.toSorted((one, other) => (order === 'newest' ? other - one : one - other)));
  });

  it('pages through what a word finds as well', async () => {
    const first = (await audit.get(`/entries?${ours}&title=${opened.data.number}&limit=3`)).body;
    const rest = (await audit.get(`/entries?${ours}&title=${opened.data.number}&limit=3&cursor=${first.next}`)).body;
    expect([...first.items, ...rest.items].map(({ eventId }) => eventId).sort()).toEqual(
      idsOf(opened, settled, planned, unplanned),
    );
    expect(rest.next).toBeUndefined();
  });
});

describe('what a caller may see', () => {
  it('is its own company, whichever way it searches', async () => {
    const bearer = await tokenOf({ roles: ['analyst'], companies: ['/erp/demo|2'] });
    expect(await found('', bearer)).toEqual(idsOf(elsewhere));
    expect(await found(`title=${opened.data.number}`, bearer)).toEqual(idsOf(elsewhere));
    expect(await found(`eventId=${opened.id}`, bearer)).toEqual([]);
    expect((await audit.get(`/timeline?eventId=${opened.id}`, bearer)).status).toBe(404);
    expect((await audit.get(`/entries?${ours}`, bearer)).status).toBe(404);
    const [entry] = await audit.entriesOf(opened.id);
    expect((await audit.get(`/entries/${entry!.id}`, bearer)).status).toBe(404);
  });

  it('is its own branch of the company', async () => {
    const bearer = await tokenOf({ roles: ['analyst'], companies: ['/erp/demo|1|9'] });
    expect(await found('', bearer)).toEqual(idsOf(contract));
    expect(await found(`${ours}&subject=customer/${contract.data.customer.id}`, bearer)).toEqual(idsOf(contract));
  });

  it('is a branch once although the company is granted beside it', async () => {
    const bearer = await tokenOf({ roles: ['analyst'], companies: ['/erp/demo|1|9', '/erp/demo|1'] });
    expect((await found('', bearer)).filter((id) => id === contract.id)).toHaveLength(1);
  });

  it('is nothing without the permission, and nothing without a token', async () => {
    const viewer = await tokenOf({ roles: ['viewer'], companies: ['*'] });
    expect((await audit.get('/entries', viewer)).status).toBe(403);
    expect((await audit.get('/entries', 'none')).status).toBe(401);
  });
});

describe('a search with mistakes', () => {
  it.each(['eventId=4711', 'from=yesterday', 'limit=100000', 'cursor=x', 'subject=4711-2', 'color=blue'])(
    'is refused with a problem that names %s',
    async (query) => {
      const { status, body } = await audit.get<{ type: string; errors?: { pointer: string }[] }>(`/entries?${query}`);
      expect(status).toBe(400);
      expect(body.type).toMatch(/^urn:ponte:problem:/);
      if (!query.startsWith('cursor')) expect(body.errors?.[0]?.pointer).toBe(`/${query.split('=')[0]}`);
    },
  );
});

describe('the timeline of an event', () => {
  it('tells the event, what came of it, and why nothing was sent', async () => {
    const { body } = await audit.get<EntryView[]>(`/timeline?eventId=${settled.id}`);
    expect(body.map(({ type }) => type).sort()).toEqual([
      'customerx.delivery.delivered.v1',
      'customerx.event.unplanned.v1',
      'erp.receivable.settled.v1',
    ]);
    expect(body.find(({ eventId }) => eventId === unplanned.id)?.outcome).toMatchObject({
      integration: 'CustomerX da filial Manaus',
      reasonCode: 'off',
      reason: 'A integração está desligada',
    });
  });

  it('is not there for an event nobody heard of', async () => {
    expect((await audit.get('/timeline?eventId=0196f0c2-1a2b-7c3d-8e4f-5a6b7c8dffff')).status).toBe(404);
  });
});

function inCompany<T extends EventType>(event: HubEvent<T>, company: string): HubEvent<T> {
  Object.assign(event.data, { company });
  return { ...event, company };
}
