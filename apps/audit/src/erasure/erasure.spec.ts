import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { personTokenOf, sampleOutcomeOf, type EventType, type HubEnvelope, type HubEvent } from '#libs/contracts';
import { Secret } from '#libs/runtime';
import { readKeyRing } from '#libs/settings';
import { eventually } from '#libs/testing';
import {
  type AuditUnderTest,
  type AuditWorld,
  eventOf,
  openAudit,
  openAuditWorld,
  outcomeOf,
  tokenOf,
} from '../../test/audit-under-test.js';
import type { EntryDetail } from '../search/entry-view.js';
import type { VerificationView } from '../seals/seals.controller.js';
import type { ErasedView } from './erasure.controller.js';

let world: AuditWorld;
let audit: AuditWorld['audit'];
let publish: AuditWorld['publish'];
let admin: AuditWorld['admin'];

beforeAll(async () => {
  world = await openAuditWorld();
  ({ audit, publish, admin } = world);
});

afterAll(() => world?.close());

/** Every test has a company of its own, in which Marina and a bakery have a title each. */
let company = '';
let companies = 0;
let marina: HubEvent<'erp.receivable.opened.v1'>;
let outcome: ReturnType<typeof outcomeOf>;
let bakery: HubEvent<'erp.customer.changed.v1'>;

beforeEach(async () => {
  companies += 1;
  company = `C${companies}`;
  marina = of(eventOf('erp.receivable.opened.v1'));
  bakery = of(eventOf('erp.customer.changed.v1'));
  outcome = { ...outcomeOf('delivery.refused.v1', marina), company };
  await publish.erp(marina, bakery);
  await publish.ponte(outcome);
  await eventually(async () => {
    expect((await audit.get(`/entries?source=/erp/demo&company=${company}`)).body.items).toHaveLength(3);
  });
});

function of<T extends EventType>(event: HubEvent<T>): HubEvent<T> {
  if ('company' in event.data) event.data.company = company;
  return { ...event, company };
}

const here = () => `source=/erp/demo&company=${company}`;
const reason = 'Pedido da titular, protocolo 77';
const erase = (document = marina.data.customer.document, bearer?: string) =>
  audit.post<ErasedView[]>('/subjects/erase', { document, reason, source: '/erp/demo', company }, bearer);
const search = async (query: string) => (await audit.get(`/entries?${here()}&${query}`)).body.items;
const detailOf = async (eventId: string) => {
  const [entry] = await audit.entriesOf(eventId);
  return (await audit.get<EntryDetail>(`/entries/${entry!.id}`)).body;
};

describe('erasing a person', () => {
  it('makes what was recorded unreadable and unfindable, events and outcomes alike, and the chain still verifies', async () => {
    await audit.seal();
    expect((await erase()).body).toMatchObject([{ source: '/erp/demo', company, keys: 2 }]);
    for (const { id } of [marina, outcome]) {
      const shown = await detailOf(id);
      expect(shown).toMatchObject({ eventId: id, erased: true });
      expect(shown).not.toHaveProperty('data');
      expect(shown).not.toHaveProperty('subject');
      expect((await audit.post(`/entries/${shown.id}/reveal`, { reason })).status).toBe(410);
    }
    expect(await search(`title=${marina.data.number}`)).toEqual([]);
    expect(await search(`subject=customer/${marina.data.customer.id}`)).toEqual([]);
    await audit.seal();
    const { body } = await audit.get<VerificationView>(`/seals/verify?${here()}`);
    expect(body).toEqual({ seals: 2, entries: 4, unsealed: 0 });
  });

  it('leaves everybody else as they were', async () => {
    await erase();
    expect(await detailOf(bakery.id)).toMatchObject({ erased: false, data: { customerId: bakery.data.customerId } });
    expect(await search(`document=${bakery.data.document}`)).toHaveLength(1);
  });

  it('is itself recorded with who did it and why, and found by the document', async () => {
    const [done] = (await erase()).body;
    const items = await search(`document=${marina.data.customer.document}`);
    expect(items).toMatchObject([
      { id: done!.entryId, type: 'audit.subject.erased.v1', actor: 'carla.auditora', outcome: { reason } },
    ]);
    const { rows } = await admin.query(
      'select 1 from audit.data_key k join audit.entry e on e.key_id = k.id where e.id = $1',
      [done!.entryId],
    );
    expect(rows).toHaveLength(1);
  });

  it('does not reach into a company the caller has nothing to do with', async () => {
    const elsewhere = await tokenOf({ roles: ['admin'], companies: ['/erp/demo|elsewhere'] });
    const auditor = await tokenOf({ roles: ['auditor'], companies: ['*'] });
    expect((await erase(undefined, elsewhere)).status).toBe(404);
    expect((await erase(undefined, auditor)).status).toBe(403);
    const everywhere = { document: marina.data.customer.document, reason };
    expect((await audit.post('/subjects/erase', everywhere, elsewhere)).status).toBe(404);
    expect(await detailOf(marina.id)).toMatchObject({ erased: false });
  });

  it('says that nothing is known instead of recording an erasure of nobody', async () => {
    expect((await erase('11144477735')).status).toBe(404);
    expect(await search('type=audit.*')).toEqual([]);
  });

  it('of somebody who comes back begins anew, and what was erased stays erased', async () => {
    await erase();
    const again = of(eventOf('erp.receivable.settled.v1'));
    await publish.erp(again, marina);
    await eventually(async () => expect(await audit.entriesOf(again.id)).toHaveLength(1));
    expect(await detailOf(again.id)).toMatchObject({ erased: false });
    expect(await audit.entriesOf(marina.id)).toHaveLength(1);
    expect(await detailOf(marina.id)).toMatchObject({ erased: true });
  });

  it('waits for a batch under way, so that no entry is left under a key that is gone', async () => {
    const events = Array.from({ length: 1_500 }, () => of(eventOf('erp.receivable.opened.v1')));
    const sending = publish.erp(...events);
    for (let round = 0; round < 5; round += 1) await erase();
    await sending;
    await eventually(async () => {
      const { rows } = await admin.query('select count(*)::int from audit.entry where event_id = any($1)', [
        events.map(({ id }) => id),
      ]);
      expect(rows).toEqual([{ count: 1_500 }]);
    });
    await erase();
    const { rows } = await admin.query(
      `select count(*)::int from audit.search_token t where not exists (select from audit.data_key k where k.id = t.key_id)`,
    );
    expect(rows).toEqual([{ count: 0 }]);
  });
});

describe('erasing somebody of whom credit analyses tell, and who is no customer', () => {
  const LEAD = '39053344705';
  const OTHER = '12345678909';
  const keyOf = (id: string) => `${id}:${randomBytes(32).toString('base64')}`;
  const [older, newer] = [keyOf('k1'), keyOf('k2')];
  const suffixes = [
    'credit-analysis.completed.v1',
    'credit-analysis.answered.v1',
    'credit-analysis.viewed.v1',
    'credit-limit.decided.v1',
  ] as const;

  /** As a connector tells of them. */
  function toldOf(document: string, ring: string): HubEnvelope[] {
    const { key } = readKeyRing(new Secret(ring)).current;
    const personToken = personTokenOf(key, { source: '/erp/demo', company }, document);
    return suffixes.map((suffix) => {
      const outcome = sampleOutcomeOf(suffix);
      const { customerId: _, ...rest } = outcome.data as typeof outcome.data & { customerId?: string };
      return { ...outcome, id: randomUUID(), company, data: { ...rest, personToken } } as HubEnvelope;
    });
  }

  async function recorded(...told: HubEnvelope[]): Promise<void> {
    await publish.ponte(...told);
    await eventually(async () => {
      for (const { id } of told) expect(await audit.entriesOf(id)).toHaveLength(1);
    });
  }

  /** The app as it is configured, on the same database. */
  async function withKeys<T>(keys: string | undefined, run: (other: AuditUnderTest) => Promise<T>): Promise<T> {
    const other = await openAudit(world, keys === undefined ? {} : { PERSON_KEYS: keys });
    return run(other).finally(() => other.close());
  }

  const eraseBy = (other: AuditUnderTest, document: string) =>
    other.post<ErasedView[]>('/subjects/erase', { document, reason, source: '/erp/demo', company });

  it('makes all of it unreadable, by the document, and leaves what is told of another', async () => {
    const [lead, other] = [toldOf(LEAD, older), toldOf(OTHER, older)];
    await recorded(...lead, ...other);
    expect(await detailOf(lead[0]!.id)).toMatchObject({ erased: false, data: { reference: expect.any(String) } });
    await audit.seal();
    const { status, body } = await withKeys(older, (keyed) => eraseBy(keyed, '390.533.447-05'));
    expect({ status, body }).toMatchObject({ status: 200, body: [{ company, keys: 1 }] });
    for (const { id } of lead) {
      const shown = await detailOf(id);
      expect(shown).toMatchObject({ erased: true });
      expect(shown).not.toHaveProperty('data');
      expect((await audit.post(`/entries/${shown.id}/reveal`, { reason })).status).toBe(410);
    }
    for (const { id } of other) expect(await detailOf(id)).toMatchObject({ erased: false, data: expect.anything() });
    await audit.seal();
    expect((await audit.get<VerificationView>(`/seals/verify?${here()}`)).body).toMatchObject({ unsealed: 0 });
  });

  it('reaches what was told before the connectors had a new key', async () => {
    const [before, since] = [toldOf(LEAD, older), toldOf(LEAD, `${newer},${older}`)];
    await recorded(...before, ...since);
    expect((await withKeys(`${newer},${older}`, (keyed) => eraseBy(keyed, LEAD))).body).toMatchObject([{ keys: 2 }]);
    for (const { id } of [...before, ...since]) expect(await detailOf(id)).toMatchObject({ erased: true });
  });

  it('is refused where nobody can say whether all was found, and done once the keys are there', async () => {
    expect((await withKeys(undefined, (bare) => eraseBy(bare, LEAD))).status).toBe(404);
    const lead = toldOf(LEAD, older);
    await recorded(...lead);
    const refused = await withKeys(undefined, (bare) => eraseBy(bare, marina.data.customer.document));
    expect(refused).toMatchObject({ status: 409, body: { type: 'urn:ponte:problem:person-keys-missing' } });
    expect(await detailOf(marina.id)).toMatchObject({ erased: false });
    expect((await withKeys(older, (keyed) => eraseBy(keyed, LEAD))).status).toBe(200);
    expect(await detailOf(lead[0]!.id)).toMatchObject({ erased: true });
  });
});
