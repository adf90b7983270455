import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { personTokenOf, sampleOf } from '#libs/contracts';
import { eventually } from '#libs/testing';
import { COST } from '../test/bureau-connector.js';
import { openCompany, openCreditApps, PERSON_KEY, SOURCE, type Company, type CreditApps } from '../test/credit-apps.js';
import { EVERYTHING_KEPT, MAKE_OLDER, RESERVED_OF, STATE_OF_SUBJECT } from '../test/outcomes.sql.js';

let apps: CreditApps;

beforeAll(async () => {
  Logger.overrideLogger(false);
  apps = await openCreditApps();
});
afterAll(() => apps.close());

const completed = (of: Company) => of.outcomes('credit-analysis.completed.v1');
const answered = (of: Company) => of.outcomes('credit-analysis.answered.v1');
const reservedOf = async ({ company }: Company) => (await apps.pool.query(RESERVED_OF, [company])).rows[0].reserved;
const becomes = (of: Company, id: string, state: string) =>
  eventually(async () => expect(await of.one(id)).toMatchObject({ state }));

describe('An analysis that is asked for', () => {
  it('is bought by one paid call, behind everything the customer owes', async () => {
    const own = await openCompany(apps);
    const titles = [await own.owe('T1'), await own.owe('T2')];
    const { status, body } = await own.press();
    expect({ status, body }).toEqual({ status: 200, body: { kind: 'waiting', id: expect.any(String) } });
    await becomes(own, body.id, 'completed');
    const arrived = own.arrived();
    expect(arrived.slice(0, 2).toSorted()).toEqual(titles.map((title) => `title ${title}`));
    expect(arrived.slice(2)).toEqual([`analysis ${own.document}`]);
    expect(await own.one(body.id)).toMatchObject({
      ...{ score: '712', situation: 'APROVADO', suggestedLimit: '1500.00', cost: COST, requestedBy: 'ana' },
      ...{ document: own.document, customerId: own.customer.id, product: 'person' },
    });
    const [told, ...more] = await completed(own);
    expect(more).toEqual([]);
    expect(told).toMatchObject({ analysisId: body.id, requestId: body.id, customerId: own.customer.id, cost: COST });
  });

  it('names no document in anything the hub is told', async () => {
    const own = await openCompany(apps);
    await own.owe('T1');
    const id = await own.buy();
    await own.press();
    await own.admin('POST', `/credit-analyses/${id}/decision`, { kind: 'confirmed' });
    const told = await own.outcomes('');
    expect(told.length).toBeGreaterThan(5);
    expect(JSON.stringify(told)).not.toContain(own.document);
  });

  it('of somebody who is no customer is told under a token of the document, the same in all that is told', async () => {
    const own = await openCompany(apps);
    const lead = { customer: { document: own.document } };
    const id = await own.buy(lead);
    await own.press(lead);
    await own.admin('POST', `/credit-analyses/${id}/decision`, { kind: 'confirmed' });
    const token = personTokenOf(PERSON_KEY, { source: SOURCE, company: own.company }, own.document);
    for (const what of ['completed', 'answered', 'viewed', 'decided'])
      expect((await own.outcomes(`.${what}.v1`)).filter(({ maskedDocument }) => maskedDocument)).toEqual(
        expect.arrayContaining([expect.objectContaining({ personToken: token })]),
      );
    const told = await own.outcomes('');
    expect(JSON.stringify(told)).not.toContain(own.document);
  });

  it('of a customer is told under the customer’s id alone', async () => {
    const own = await openCompany(apps);
    await own.buy();
    const [told] = await completed(own);
    expect(told).toMatchObject({ customerId: own.customer.id });
    expect(told).not.toHaveProperty('personToken');
  });

  it('waits for a title the partner refuses, charges nothing, and goes on once somebody skips it', async () => {
    const own = await openCompany(apps);
    const title = await own.owe('T1');
    apps.bureau.refuses.add(title);
    const { id } = (await own.press()).body;
    const refused = await eventually(async () => {
      const { rows } = await apps.pool.query(STATE_OF_SUBJECT, [`receivable/${title}`]);
      expect(rows).toMatchObject([{ state: 'parked' }]);
      return rows[0];
    });
    expect(await own.one(id)).toMatchObject({
      state: 'waiting',
      delivery: { state: 'pending', waitsFor: [{ position: refused.position, state: 'parked' }], intents: [] },
    });
    expect(own.charges()).toBe(0);
    const skip = { reason: 'acertado à mão no parceiro' };
    expect((await own.admin('POST', `/deliveries/${refused.position}/skip`, skip)).status).toBe(204);
    await becomes(own, id, 'completed');
    expect(own.charges()).toBe(1);
  });

  it('is not begun where a title cannot be told, and says which', async () => {
    const own = await openCompany(apps);
    const title = await own.owe('T1', { number: 'broken' });
    const { status, body } = await own.press();
    expect({ status, type: body.type }).toEqual({ status: 409, type: 'urn:ponte:problem:titles-not-told' });
    expect(body.detail).toContain(title);
    expect(own.arrived()).toEqual([]);
  });

  it('shows only the titles of the account it goes through', async () => {
    const own = await openCompany(apps, {}, '7');
    const title = await own.owe('T1', { branch: '7' });
    await own.owe('T2', { branch: '8' });
    await own.buy();
    expect(own.arrived()).toEqual([`title ${title}`, `analysis ${own.document}`]);
  });

  it('is one for a CNPJ with letters, whatever its punctuation and case', async () => {
    const own = await openCompany(apps);
    const id = await own.buy({ customer: { document: '12.abc.345/01de-35' } });
    const again = await own.press({ customer: { document: '12ABC34501DE35' } });
    expect(again.body).toMatchObject({ kind: 'recent', last: { analysisId: id, product: 'company' } });
    const query = new URLSearchParams({ source: SOURCE, company: own.company, document: '12.ABC.345/01DE-35' });
    const { items } = (await own.admin('GET', `/credit-analyses?${query}`)).body;
    expect(items).toMatchObject([{ id, document: '12ABC34501DE35', personType: 'J' }]);
  });

  it('is refused for what is no CPF or CNPJ, without a word on the document', async () => {
    const own = await openCompany(apps);
    const { status, body } = await own.press({ customer: { document: '123.456.789-00' } });
    expect(status).toBe(400);
    expect(JSON.stringify(body)).not.toContain('456');
  });

  it('is refused with the reason while the integration is off, and keeps its history', async () => {
    const own = await openCompany(apps);
    const id = await own.buy();
    await own.save({}, { enabled: false });
    const { status, body } = await own.press({ insteadOf: id });
    expect({ status, type: body.type }).toEqual({ status: 409, type: 'urn:ponte:problem:credit-analysis-off' });
    expect(body.detail).toMatch(/está desligada/);
    expect(await own.one(id)).toMatchObject({ state: 'completed' });
    const capabilities = await own.admin('GET', `/capabilities?source=${SOURCE}&company=${own.company}`);
    const mine = capabilities.body.items.find(({ name }: { name: string }) => name === 'credit-analysis');
    expect(mine).toMatchObject({ shown: false, actions: { ask: { allowed: false }, see: { allowed: true } } });
  });

  it('is refused for a product that has no price', async () => {
    const own = await openCompany(apps);
    const { status, body } = await own.press({ product: 'unpriced' });
    expect({ status, type: body.type }).toEqual({ status: 409, type: 'urn:ponte:problem:price-missing' });
  });
});

describe('One that is there already', () => {
  it('is shown with what a new one costs, and charges nothing', async () => {
    const own = await openCompany(apps, { dailyBudget: '100.00' });
    const id = await own.buy();
    const { body } = await own.press();
    expect(body).toMatchObject({ kind: 'recent', last: { analysisId: id }, cost: COST, budgetLeft: '92.50' });
    expect(await answered(own)).toMatchObject([{ code: 'recent', last: { analysisId: id } }]);
    expect(own.charges()).toBe(1);
  });

  it('is bought anew by whoever was shown it and says so', async () => {
    const own = await openCompany(apps);
    const first = await own.buy();
    const second = await own.buy({ insteadOf: first });
    expect(second).not.toBe(first);
    expect(await own.one(second)).toMatchObject({ replaces: first, history: [{ action: 'confirmed-new' }, {}] });
    expect(own.charges()).toBe(2);
  });

  it('is of the document, whatever product is asked for', async () => {
    const own = await openCompany(apps);
    const id = await own.buy();
    expect((await own.press({ product: 'special' })).body).toMatchObject({ kind: 'recent', last: { analysisId: id } });
  });

  it('is shown while it is under way, too, unless the interval is 0', async () => {
    const own = await openCompany(apps);
    apps.bureau.refuses.add(await own.owe('T1'));
    const { id } = (await own.press()).body;
    const other = () => own.press({ product: 'special' });
    expect((await other()).body).toMatchObject({ kind: 'recent', last: { analysisId: id, product: 'person' } });
    await own.save({ requeryDays: 0 });
    expect((await other()).body).toMatchObject({ kind: 'waiting', id: expect.not.stringMatching(id) });
  });

  it('is old enough after the interval', async () => {
    const own = await openCompany(apps, { requeryDays: 30 });
    const id = await own.buy();
    await apps.pool.query(MAKE_OLDER, [id, 29]);
    expect((await own.press()).body).toMatchObject({ kind: 'recent' });
    await apps.pool.query(MAKE_OLDER, [id, 2]);
    expect((await own.press()).body).toMatchObject({ kind: 'waiting' });
  });

  it('needs no word where the interval is 0', async () => {
    const own = await openCompany(apps, { requeryDays: 0 });
    await own.buy();
    await own.buy();
    expect(own.charges()).toBe(2);
  });

  it('needs the word of the branch’s interval where the branch has its own', async () => {
    const own = await openCompany(apps, { requeryDays: 0 });
    await own.save({ requeryDays: 30 }, { branch: '7' });
    await own.buy({ branch: '7' });
    expect((await own.press({ branch: '7' })).body).toMatchObject({ kind: 'recent' });
    expect((await own.press()).body).toMatchObject({ kind: 'waiting' });
  });
});

describe('The interval of the whole ERP', () => {
  const sayOfAll = async (requeryDays: number | null) => {
    const everywhere = await apps.as({ roles: ['vendor'], companies: ['*'] });
    const body = { source: SOURCE, settings: { requeryDays } };
    expect(await everywhere('PUT', '/system-parameter', body)).toMatchObject({ body: { settings: { requeryDays } } });
  };
  const againAfter = async (days: number, own: Company, branch?: string) => {
    const id = await own.buy({ branch });
    await apps.pool.query(MAKE_OLDER, [id, days]);
    return (await own.press({ branch })).body.kind;
  };
  afterEach(() => sayOfAll(90));

  it('is 90 days where nobody said anything', async () => {
    expect(await againAfter(89, await openCompany(apps))).toBe('recent');
    expect(await againAfter(91, await openCompany(apps))).toBe('waiting');
  });

  it('is what somebody says of all', async () => {
    await sayOfAll(10);
    expect(await againAfter(9, await openCompany(apps))).toBe('recent');
    expect(await againAfter(11, await openCompany(apps))).toBe('waiting');
  });

  it.each([[null], [0]])('asks for no word as %s', async (off) => {
    await sayOfAll(off);
    expect(await againAfter(0, await openCompany(apps))).toBe('waiting');
  });

  it('gives way to that of a branch, which may be none', async () => {
    await sayOfAll(null);
    const own = await openCompany(apps);
    await own.save({ requeryDays: 30 }, { branch: '7' });
    expect(await againAfter(29, own, '7')).toBe('recent');
    await sayOfAll(30);
    const other = await openCompany(apps);
    await other.save({ requeryDays: 0 }, { branch: '7' });
    expect(await againAfter(1, other, '7')).toBe('waiting');
    const third = await openCompany(apps);
    await third.save({ requeryDays: 0 }, { branch: '7' });
    await third.save({ requeryDays: null }, { branch: '7' });
    expect(await againAfter(29, third, '7')).toBe('recent');
  });
});

describe('Pressing "new" ten times at once, on two replicas,', () => {
  it('buys one, and a press that comes late is shown the newer one', async () => {
    const own = await openCompany(apps);
    const shown = await own.buy();
    apps.bureau.mischief.set(own.document, 'hold');
    const presses = Array.from({ length: 10 }, (_, at) =>
      own.press({ insteadOf: shown }, at % 2 === 0 ? own.admin : own.other),
    );
    const answers = (await Promise.all(presses)).map(({ body }) => body);
    expect(answers).toEqual(Array(10).fill({ kind: 'waiting', id: answers[0].id }));
    await eventually(async () => expect(own.charges()).toBe(2));
    apps.bureau.release();
    await becomes(own, answers[0].id, 'completed');
    const late = await own.press({ insteadOf: shown }, own.other);
    expect(late.body).toMatchObject({ kind: 'recent', last: { analysisId: answers[0].id } });
    expect(own.charges()).toBe(2);
    const told = (await completed(own)).at(-1)!;
    expect(told.joinedRequestIds).toHaveLength(9);
  });

  it('buys one where nothing was there before', async () => {
    const own = await openCompany(apps);
    const presses = Array.from({ length: 10 }, (_, at) => own.press({}, at % 2 === 0 ? own.admin : own.other));
    const answers = await Promise.all(presses);
    const ids = new Set(answers.map(({ body }) => body.id ?? body.last.analysisId));
    expect(ids.size).toBe(1);
    await becomes(own, [...ids][0], 'completed');
    expect(own.charges()).toBe(1);
  });

  it('buys one where the presses are one request sent again and again', async () => {
    const own = await openCompany(apps, { requeryDays: 0 });
    const id = randomUUID();
    expect(await own.buy({ id })).toBe(id);
    const again = await Promise.all([own.press({ id }), own.press({ id }, own.other)]);
    expect(again.map(({ body }) => body)).toEqual(Array(2).fill({ kind: 'waiting', id }));
    expect(own.charges()).toBe(1);
    const stolen = await own.press({ id, customer: { document: '52998224725' } });
    expect(stolen).toMatchObject({ status: 409, body: { type: 'urn:ponte:problem:request-id-reused' } });
  });

  it('buys one though the interval is 0, where each names the one it was shown', async () => {
    const own = await openCompany(apps, { requeryDays: 0 });
    const shown = await own.buy();
    const newer = await own.buy({ insteadOf: shown });
    expect((await own.press({ insteadOf: shown })).body).toMatchObject({ kind: 'recent', last: { analysisId: newer } });
    expect(own.charges()).toBe(2);
  });
});

describe('What the bureau answers', () => {
  it.each(['consent', 'no-data'] as const)(
    'with %s ends the request, and what was reserved is given back',
    async (answer) => {
      const own = await openCompany(apps, { dailyBudget: '10.00' });
      apps.bureau.mischief.set(own.document, answer);
      const { id } = (await own.press()).body;
      await becomes(own, id, 'answered');
      const answerCode = answer === 'consent' ? 'consent-pending' : 'no-data';
      expect(await own.one(id)).toMatchObject({ answerCode, answerText: `bureau: ${answer}` });
      expect(await answered(own)).toMatchObject([{ analysisId: id, code: answerCode }]);
      await eventually(async () => expect(await reservedOf(own)).toBe('0.00'));
      apps.bureau.mischief.delete(own.document);
      await own.buy();
    },
  );

  it('and nobody heard is found there, charged once and told once', async () => {
    const own = await openCompany(apps);
    apps.bureau.mischief.set(own.document, 'reset-after');
    const id = await own.buy();
    expect(own.charges()).toBe(1);
    expect(await own.one(id)).toMatchObject({ score: '712', delivery: { intents: [{ state: 'confirmed' }] } });
    expect(await completed(own)).toHaveLength(1);
  });

  it('and nobody can find there is a person’s, whose word ends the request without a result', async () => {
    const own = await openCompany(apps);
    apps.bureau.mischief.set(own.document, 'broken');
    const { id } = (await own.press()).body;
    const position = await eventually(async () => {
      const { delivery } = await own.one(id);
      const { items } = (await own.admin('GET', `/deliveries?company=${own.company}&state=unknown`)).body;
      expect(items).toMatchObject([{ position: delivery.position, retryAt: null }]);
      return delivery.position;
    });
    const canceled = await own.admin('POST', `/credit-analyses/${id}/cancel`, { reason: 'foi engano' });
    expect(canceled).toMatchObject({ status: 409, body: { type: 'urn:ponte:problem:already-called' } });
    const found = { happened: true, reference: 'na fatura', reason: 'está na fatura' };
    expect((await own.admin('POST', `/deliveries/${position}/resolve`, found)).status).toBe(204);
    expect(await own.one(id)).toMatchObject({ state: 'answered', answerCode: 'without-result' });
    expect(await answered(own)).toMatchObject([{ analysisId: id, code: 'without-result' }]);
  });

  it('is kept, and stands nowhere in clear', async () => {
    const own = await openCompany(apps);
    const id = await own.buy();
    const auditor = await apps.as({ roles: ['auditor'], companies: [`${SOURCE}|${own.company}`] });
    const { raw } = (await auditor('GET', `/credit-analyses/${id}/raw`)).body;
    expect(raw).toMatchObject({ score: 712, of: own.document });
    const { kept } = (await apps.pool.query(EVERYTHING_KEPT, [own.company])).rows[0];
    expect(kept).toContain('APROVADO');
    expect(kept).not.toContain('"score"');
  });
});

describe('An answer of the partner', () => {
  it('that belongs to another analysis is written of no second one', async () => {
    const own = await openCompany(apps);
    const first = await own.buy();
    const { reference } = await own.one(first);
    apps.bureau.refuses.add(await own.owe('T1'));
    const { id } = (await own.press({ insteadOf: first })).body;
    const result = { reference, analyzedAt: new Date(), raw: {} };
    expect([...(await apps.results.referencesOfOthers(id, [reference, 'free']))]).toEqual([reference]);
    expect([...(await apps.results.referencesOfOthers(first, [reference, 'free']))]).toEqual([]);
    expect(await apps.results.complete(id, result)).toBe('of-another');
    expect(await apps.results.complete(first, result)).toBe('known');
    expect(await own.one(id)).toMatchObject({ state: 'waiting' });
    expect(await completed(own)).toHaveLength(1);
  });

  it('that comes after a person let it go was charged all the same, and is kept', async () => {
    const own = await openCompany(apps);
    apps.bureau.refuses.add(await own.owe('T1'));
    const { id } = (await own.press()).body;
    await own.admin('POST', `/credit-analyses/${id}/cancel`, { reason: 'foi engano' });
    const result = { reference: `late-${id}`, analyzedAt: new Date(), suggestedLimit: 'muito', raw: { nul: '\u0000' } };
    const both = await Promise.all([apps.results.complete(id, result), apps.results.complete(id, result)]);
    expect(both.toSorted()).toEqual(['completed', 'known']);
    expect(await own.one(id)).toMatchObject({ state: 'completed', reference: `late-${id}` });
    expect(await completed(own)).toHaveLength(1);
  });
});

describe('The budget', () => {
  it('refuses what it does not allow, with what is left of it', async () => {
    const own = await openCompany(apps, { dailyBudget: '10.00', requeryDays: 0 });
    await own.buy();
    const { body } = await own.press();
    expect(body).toEqual({ kind: 'over-budget', cost: COST, budgetLeft: '2.50' });
    expect(await answered(own)).toMatchObject([{ code: 'over-budget', budgetLeft: '2.50' }]);
    expect(own.charges()).toBe(1);
  });

  it('allows what takes the last cent of it', async () => {
    const own = await openCompany(apps, { dailyBudget: COST, requeryDays: 0 });
    await own.buy();
    expect((await own.press()).body).toEqual({ kind: 'over-budget', cost: COST, budgetLeft: '0.00' });
    expect(own.charges()).toBe(1);
  });

  it('counts what waits and is not called yet', async () => {
    const own = await openCompany(apps, { monthlyBudget: '10.00' });
    apps.bureau.refuses.add(await own.owe('T1'));
    await own.press();
    const other = await own.press({ customer: { document: '52998224725' } });
    expect(other.body).toEqual({ kind: 'over-budget', cost: COST, budgetLeft: '2.50' });
  });
});

describe('A request of the ERP', () => {
  const requestOf = ({ company, document, customer }: Company, more: object = {}) => {
    const event = sampleOf('erp.credit-analysis.requested.v1');
    const person = { ...event.data.customer, id: customer.id, personType: 'F' as const, document };
    const data = { ...event.data, customer: person, confirmedNew: false, productId: undefined, ...more };
    const { requestId } = data;
    const time = new Date().toISOString();
    return {
      ...event,
      id: randomUUID(),
      time,
      company,
      branch: undefined,
      subject: `credit-analysis/${requestId}`,
      data,
    };
  };

  it('is answered under its own name: bought, or shown the recent one', async () => {
    const own = await openCompany(apps);
    await apps.publish(requestOf(own, { requestId: '991' }));
    await eventually(async () => expect(await completed(own)).toMatchObject([{ requestId: '991' }]));
    await apps.publish(requestOf(own, { requestId: '992' }));
    await eventually(async () => expect(await answered(own)).toMatchObject([{ requestId: '992', code: 'recent' }]));
    expect(own.charges()).toBe(1);
  });

  it('with a word on a new one that names none counts for what was there when it was recorded', async () => {
    const own = await openCompany(apps);
    const early = requestOf(own, { requestId: '1', confirmedNew: true });
    await own.buy();
    await apps.publish(early);
    await eventually(async () => expect(await answered(own)).toMatchObject([{ requestId: '1', code: 'recent' }]));
    await apps.publish(requestOf(own, { requestId: '2', confirmedNew: true }));
    await eventually(async () => expect(await completed(own)).toHaveLength(2));
    expect(own.charges()).toBe(2);
  });
});

describe('Taken back', () => {
  it('is what was not called yet, and is told', async () => {
    const own = await openCompany(apps);
    apps.bureau.refuses.add(await own.owe('T1'));
    const { id } = (await own.press()).body;
    const cancel = () => own.admin('POST', `/credit-analyses/${id}/cancel`, { reason: 'foi engano' });
    expect((await cancel()).status).toBe(204);
    expect(await own.one(id)).toMatchObject({ state: 'canceled', answerText: 'foi engano' });
    expect(await answered(own)).toMatchObject([{ analysisId: id, code: 'canceled', text: 'foi engano' }]);
    expect(await cancel()).toMatchObject({ status: 409, body: { type: 'urn:ponte:problem:not-waiting' } });
    expect((await own.press()).body).toMatchObject({ kind: 'waiting' });
  });

  it('is nothing that was called: its answer ends it', async () => {
    const own = await openCompany(apps);
    apps.bureau.mischief.set(own.document, 'hold');
    const { id } = (await own.press()).body;
    await eventually(async () => expect(own.charges()).toBe(1));
    const canceled = await own.admin('POST', `/credit-analyses/${id}/cancel`, { reason: 'foi engano' });
    expect(canceled).toMatchObject({ status: 409, body: { type: 'urn:ponte:problem:already-called' } });
    apps.bureau.release();
    await becomes(own, id, 'completed');
  });

  it('by whoever skips its delivery, it keeps nobody from asking again', async () => {
    const own = await openCompany(apps);
    apps.bureau.refuses.add(await own.owe('T1'));
    const { id } = (await own.press()).body;
    const { delivery } = await own.one(id);
    // As an operator leaves what is parked: the desk hears nothing of it.
    await apps.withdraw(delivery.position);
    expect((await own.press()).body).toMatchObject({ kind: 'waiting', id: expect.not.stringMatching(id) });
    expect(await own.one(id)).toMatchObject({ state: 'canceled' });
    expect(await answered(own)).toMatchObject([{ analysisId: id, code: 'canceled' }]);
  });
});
