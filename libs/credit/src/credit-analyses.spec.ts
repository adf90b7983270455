import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { sampleOf } from '#libs/contracts';
import { eventually } from '#libs/testing';
import { openCompany, openCreditApps, SOURCE, type Ask, type Company, type CreditApps } from '../test/credit-apps.js';

let apps: CreditApps;

beforeAll(async () => {
  Logger.overrideLogger(false);
  apps = await openCreditApps();
});
afterAll(() => apps.close());

const decided = (of: Company) => of.outcomes('credit-limit.decided.v1');
const problem = (type: string) => ({ body: { type: `urn:ponte:problem:${type}` } });
const decideBy = (ask: Ask, id: string, body: object) => ask('POST', `/credit-analyses/${id}/decision`, body);
const historyOf = ({ company, document }: Company, ask: Ask, more = '') =>
  ask('GET', `/credit-analyses?source=${SOURCE}&company=${company}&document=${document}${more}`);

describe('A decision', () => {
  const from = { situation: 'blocked', limit: '0.00' };

  it('confirms what the analysis proposes, and travels with who, when, old and new', async () => {
    const own = await openCompany(apps);
    const id = await own.buy();
    expect(await decided(own)).toEqual([]);
    const { status, body } = await decideBy(own.admin, id, { kind: 'confirmed', from });
    expect(status).toBe(201);
    const to = { situation: 'APROVADO', limit: '1500.00' };
    expect(body).toMatchObject({ kind: 'confirmed', from, to, decidedBy: 'ana' });
    expect(await decided(own)).toMatchObject([
      {
        ...{ analysisId: id, decisionId: body.id, customerId: own.customer.id, kind: 'confirmed', from, to },
        ...{ decidedBy: 'ana', decidedAt: body.decidedAt, integration: { company: own.company, source: SOURCE } },
      },
    ]);
  });

  it('changes what the analysis proposes', async () => {
    const own = await openCompany(apps);
    const id = await own.buy();
    expect(await decideBy(own.admin, id, { kind: 'changed', from })).toMatchObject({ status: 400 });
    expect(await decideBy(own.admin, id, { kind: 'changed', to: { limit: '10,5' } })).toMatchObject({ status: 400 });
    await decideBy(own.admin, id, { kind: 'changed', from, to: { limit: '900.00' }, reason: 'cliente novo' });
    expect(await decided(own)).toMatchObject([{ kind: 'changed', from, to: { limit: '900.00' } }]);
  });

  it('that lets things be changes nothing in the ERP', async () => {
    const own = await openCompany(apps);
    const id = await own.buy();
    expect((await decideBy(own.admin, id, { kind: 'canceled', from })).body).toMatchObject({ kind: 'canceled' });
    expect(await decided(own)).toEqual([]);
    expect(await own.one(id)).toMatchObject({ decision: { kind: 'canceled', from } });
  });

  it('is the first of two made at once on two replicas; the second learns who made it and when', async () => {
    const own = await openCompany(apps);
    const id = await own.buy();
    const both = await Promise.all([
      decideBy(own.admin, id, { kind: 'confirmed', from }),
      decideBy(own.other, id, { kind: 'changed', to: { limit: '1.00' } }),
    ]);
    expect(both.map(({ status }) => status).toSorted()).toEqual([201, 409]);
    const [first, second] = both.toSorted((one, other) => one.status - other.status);
    expect(second).toMatchObject(problem('already-decided'));
    expect(second!.body.detail).toContain(`${first!.body.decidedBy} decided it at ${first!.body.decidedAt}`);
    expect(await decided(own)).toHaveLength(1);
  });

  it('left for later is made later: it was charged all the same, and stays in the history', async () => {
    const own = await openCompany(apps);
    const id = await own.buy();
    const later = () => own.admin('POST', `/credit-analyses/${id}/decision/later`, { note: 'falar com o gerente' });
    expect((await later()).status).toBe(204);
    expect((await own.one(id)).history.at(-1)).toMatchObject({ action: 'left-for-later', by: 'ana' });
    expect(await decideBy(own.other, id, { kind: 'confirmed' })).toMatchObject({ status: 201 });
    expect(await later()).toMatchObject({ status: 409, ...problem('already-decided') });
    expect(own.charges()).toBe(1);
  });

  it('waits for a result', async () => {
    const own = await openCompany(apps);
    apps.bureau.refuses.add(await own.owe('T1'));
    const { id } = (await own.press()).body;
    expect(await decideBy(own.admin, id, { kind: 'confirmed' })).toMatchObject(problem('not-completed'));
  });

  it('is acknowledged by its own ERP, and by no other', async () => {
    const own = await openCompany(apps);
    const id = await own.buy();
    const decisionId = (await decideBy(own.admin, id, { kind: 'confirmed' })).body.id;
    const tell = (company: string, data: object) => {
      const event = sampleOf('erp.credit-limit.applied.v1');
      const subject = `credit-limit/${decisionId}`;
      return apps.publish({
        ...{ ...event, id: randomUUID(), time: new Date().toISOString(), company, subject, branch: undefined },
        data: { ...event.data, decisionId, ...data },
      });
    };
    const stranger = await openCompany(apps);
    await tell(stranger.company, { applied: true });
    const taken = () => stranger.admin('GET', `/deliveries?settled=true&company=${stranger.company}`);
    await eventually(async () => expect((await taken()).body.items).toHaveLength(1));
    expect((await own.one(id)).decision.acknowledged).toBeUndefined();
    await tell(own.company, { applied: false, reason: 'o limite já era outro' });
    const acknowledgement = { acknowledged: 'refused', acknowledgement: 'o limite já era outro' };
    await eventually(async () => expect(await own.one(id)).toMatchObject({ decision: acknowledgement }));
  });
});

describe('The history of a customer', () => {
  it('shows the newest first, page by page, with what people did', async () => {
    const own = await openCompany(apps, { requeryDays: 0 });
    const ids = [await own.buy(), await own.buy(), await own.buy()];
    const first = (await historyOf(own, own.admin, '&limit=2')).body;
    expect(first.items.map(({ id }: { id: string }) => id)).toEqual([ids[2], ids[1]]);
    expect(first.items[0].history).toMatchObject([
      { action: 'asked', by: 'ana' },
      { action: 'completed', by: 'ponte' },
    ]);
    const rest = (await historyOf(own, own.admin, `&limit=2&cursor=${first.next}`)).body;
    expect(rest.items.map(({ id }: { id: string }) => id)).toEqual([ids[0]]);
    expect(rest.next).toBeUndefined();
  });

  it('tells who looked at what', async () => {
    const own = await openCompany(apps, { requeryDays: 0 });
    const [first, second] = [await own.buy(), await own.buy()];
    const before = (await own.outcomes('credit-analysis.viewed.v1')).length;
    await historyOf(own, own.other, '&limit=1');
    await own.one(first);
    const views = (await own.outcomes('credit-analysis.viewed.v1')).slice(before);
    expect(views).toMatchObject([
      { viewedBy: 'bia', analysisIds: [second], source: SOURCE },
      { viewedBy: 'ana', analysisIds: [first] },
    ]);
    expect(JSON.stringify(views)).not.toContain(own.document.slice(0, 6));
  });
});

describe('The products', () => {
  const listOf = (own: Company, ask: Ask, more = '') =>
    ask('GET', `/credit-analyses/products?source=${SOURCE}&company=${own.company}${more}`);

  it('are shown to whoever may ask, with what each costs, and the standard ones of each kind of person', async () => {
    const own = await openCompany(apps);
    const name = randomUUID();
    const permissions = ['credit-analyses.request'];
    await own.admin('PUT', '/access/groups', { source: SOURCE, company: own.company, name, permissions });
    const ask = await apps.as({ groups: [name], name: 'rui' });
    const items = [
      { product: 'unpriced', name: 'Sem preço', personType: 'J', standard: false },
      { product: 'person', name: 'person', personType: 'F', standard: true, cost: '7.50' },
      { product: 'company', name: 'company', personType: 'J', standard: true, cost: '7.50' },
    ];
    expect(await listOf(own, ask)).toEqual({ status: 200, body: { items } });
    expect(await listOf(await openCompany(apps), ask)).toMatchObject({ status: 404 });
  });

  it('are none to choose from where nothing can be asked for', async () => {
    const own = await openCompany(apps, {}, '7');
    expect(await listOf(own, own.admin)).toMatchObject({ status: 409, ...problem('credit-analysis-off') });
    expect(await listOf(own, own.admin, '&branch=7')).toMatchObject({ status: 200 });
    await own.save({}, { enabled: false });
    expect(await listOf(own, own.admin, '&branch=7')).toMatchObject({ status: 409 });
  });
});

describe('The right to see and the right to spend', () => {
  it('are two, and a third to decide', async () => {
    const own = await openCompany(apps);
    const id = await own.buy();
    const allows = async (...permissions: string[]) => {
      const name = randomUUID();
      await own.admin('PUT', '/access/groups', { source: SOURCE, company: own.company, name, permissions });
      const ask = await apps.as({ groups: [name], name: 'rui' });
      const answers = [
        await own.press({}, ask),
        await ask('POST', `/credit-analyses/${id}/cancel`, { reason: 'foi engano' }),
        await ask('GET', `/credit-analyses/products?source=${SOURCE}&company=${own.company}`),
        await historyOf(own, ask),
        await ask('GET', `/credit-analyses/${id}`),
        await ask('GET', `/credit-analyses/${id}/raw`),
        await ask('POST', `/credit-analyses/${id}/decision/later`, {}),
        await ask('POST', `/credit-analyses/${id}/decision`, { kind: 'confirmed' }),
      ];
      return answers.map(({ status }) => status);
    };
    expect(await allows('credit-analyses.request')).toEqual([200, 409, 200, 403, 403, 403, 403, 403]);
    expect(await allows('credit-analyses.read')).toEqual([403, 403, 403, 200, 200, 403, 403, 403]);
    expect(await allows('credit-limits.decide')).toEqual([403, 403, 403, 403, 403, 403, 204, 201]);
  });

  it('end at the company, and what is elsewhere is not there', async () => {
    const own = await openCompany(apps);
    const id = await own.buy();
    const stranger = await openCompany(apps);
    const statuses = await Promise.all([
      own.press({}, stranger.admin),
      historyOf(own, stranger.admin),
      stranger.admin('GET', `/credit-analyses/${id}`),
      stranger.admin('POST', `/credit-analyses/${id}/decision`, { kind: 'confirmed' }),
      stranger.admin('POST', `/credit-analyses/${id}/cancel`, { reason: 'curiosidade' }),
      stranger.admin('GET', `/credit-analyses/${id}/raw`),
    ]);
    expect(statuses.map(({ status }) => status)).toEqual(Array(6).fill(404));
    expect(await decided(own)).toEqual([]);
  });

  it('of one branch see that branch’s analyses alone', async () => {
    const own = await openCompany(apps, { requeryDays: 0 });
    const [seven, eight] = [await own.buy({ branch: '7' }), await own.buy({ branch: '8' })];
    const ofSeven = await apps.as({ roles: ['vendor'], companies: [`${SOURCE}|${own.company}|7`] });
    const { items } = (await historyOf(own, ofSeven)).body;
    expect(items.map(({ id }: { id: string }) => id)).toEqual([seven]);
    expect((await ofSeven('GET', `/credit-analyses/${eight}`)).status).toBe(404);
    expect((await own.press({ branch: '8' }, ofSeven)).status).toBe(404);
  });
});
