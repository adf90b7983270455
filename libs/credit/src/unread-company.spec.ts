import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { sampleOf, type HubEvent } from '#libs/contracts';
import { eventually } from '#libs/testing';
import { COST } from '../test/bureau-connector.js';
import { openCreditApps, openUnreadCompany, type Company, type CreditApps } from '../test/credit-apps.js';

let apps: CreditApps;

beforeAll(async () => {
  Logger.overrideLogger(false);
  apps = await openCreditApps();
});
afterAll(() => apps.close());

const answered = (of: Company) => of.outcomes('credit-analysis.answered.v1');
const noted = async (of: Company, id: string) =>
  (await of.one(id)).history.map(({ action, by }: { action: string; by: string }) => `${by} ${action}`);

describe('An analysis of a company whose titles were not read whole', () => {
  it('is not bought, charges nothing, and the ERP hears why', async () => {
    const own = await openUnreadCompany(apps);
    await own.save({ dailyBudget: '100.00' });
    await own.owe('T1');
    const id = randomUUID();
    const { status, body } = await own.press({ id });
    expect({ status, body }).toEqual({
      status: 200,
      body: { kind: 'not-read-whole', cost: COST, budgetLeft: '100.00' },
    });
    expect(await answered(own)).toMatchObject([
      { requestId: id, code: 'not-read-whole', cost: COST, customerId: own.customer.id, requestedBy: 'ana' },
    ]);
    expect((await answered(own))[0]!.text).toMatch(/não foram lidos por inteiro.* \/ .*not read whole/);
    expect((await own.admin('GET', `/credit-analyses/${id}`)).status).toBe(404);
    expect(own.arrived()).toEqual([]);
  });

  it('is answered the same when it is asked again under its id, whatever else it says, on either replica', async () => {
    const own = await openUnreadCompany(apps);
    const id = randomUUID();
    const first = (await own.press({ id })).body;
    await own.beginWithoutBackfill();
    expect((await own.press({ id, knownSuffices: true })).body).toEqual(first);
    expect((await own.press({ id }, own.other)).body).toEqual(first);
    expect(await answered(own)).toHaveLength(1);
    expect(own.charges()).toBe(0);
  });

  it('is bought by whoever says that what is known suffices, behind what is known, and that is in its history', async () => {
    const own = await openUnreadCompany(apps);
    const title = await own.owe('T1');
    const id = await own.buy({ knownSuffices: true });
    expect(own.arrived()).toEqual([`title ${title}`, `analysis ${own.document}`]);
    expect(await noted(own, id)).toEqual(['ana asked', 'ana known-sufficed', 'ponte completed']);
  });

  it('needs that word for a new one too, behind the word on the recent one', async () => {
    const own = await openUnreadCompany(apps);
    const first = await own.buy({ knownSuffices: true });
    expect((await own.press({ knownSuffices: true })).body).toMatchObject({ kind: 'recent' });
    expect((await own.press({ insteadOf: first })).body).toMatchObject({ kind: 'not-read-whole' });
    const second = await own.buy({ insteadOf: first, knownSuffices: true });
    expect(await noted(own, second)).toEqual(['ana confirmed-new', 'ana known-sufficed', 'ponte completed']);
    expect(own.charges()).toBe(2);
  });

  it('is asked about no more once somebody lets the integration begin without, and it alone', async () => {
    const own = await openUnreadCompany(apps);
    await own.save({}, { branch: '7' });
    expect((await own.beginWithoutBackfill()).status).toBe(204);
    const id = await own.buy();
    expect(await noted(own, id)).toEqual(['ana asked', 'ponte completed']);
    const ofBranch = await own.press({ branch: '7', insteadOf: id });
    expect(ofBranch.body).toMatchObject({ kind: 'not-read-whole' });
  });

  it('is asked about no more once they were read, and a word on it is no news', async () => {
    const own = await openUnreadCompany(apps);
    expect((await own.press()).body.kind).toBe('not-read-whole');
    await own.readWhole();
    const id = await eventually(async () => {
      const { kind, id: begun } = (await own.press({ knownSuffices: false })).body;
      expect(kind).toBe('waiting');
      return begun;
    });
    await eventually(async () => expect(await noted(own, id)).toEqual(['ana asked', 'ponte completed']));
    const next = await own.buy({ insteadOf: id, knownSuffices: true });
    expect(await noted(own, next)).toEqual(['ana confirmed-new', 'ponte completed']);
  });

  it('asked for by the ERP is answered there, and bought once its user says so', async () => {
    const own = await openUnreadCompany(apps);
    await apps.publish(requestOf(own, { requestId: '71' }));
    await eventually(async () =>
      expect(await answered(own)).toMatchObject([{ requestId: '71', code: 'not-read-whole', cost: COST }]),
    );
    await apps.publish(requestOf(own, { requestId: '72', knownSuffices: true }));
    const completed = () => own.outcomes('credit-analysis.completed.v1');
    await eventually(async () => expect(await completed()).toMatchObject([{ requestId: '72' }]));
    const [{ analysisId, requestedBy }] = (await completed()) as [{ analysisId: string; requestedBy: string }];
    expect(await noted(own, analysisId)).toContain(`${requestedBy} known-sufficed`);
    expect(own.charges()).toBe(1);
  });
});

function requestOf({ company, document, customer }: Company, more: object): HubEvent {
  const event = sampleOf('erp.credit-analysis.requested.v1');
  const person = { ...event.data.customer, id: customer.id, personType: 'F' as const, document };
  const data = { ...event.data, customer: person, productId: undefined, ...more };
  const subject = `credit-analysis/${data.requestId}`;
  return { ...event, id: randomUUID(), time: new Date().toISOString(), company, branch: undefined, subject, data };
}
