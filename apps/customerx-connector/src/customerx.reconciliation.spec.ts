import { describe, expect, it } from '@jest/globals';
import { sampleOf } from '#libs/contracts';
import type { PartnerAnswer } from '#libs/partner';
import { readHeldPage, toExpected } from './customerx.reconciliation.js';
import { CustomerXSettings } from './customerx.settings.js';

const settings = Object.assign(new CustomerXSettings(), { externalIdPrefix: '2-' });
const TITLE = sampleOf('erp.receivable.settled.v1').data;

const ROW = {
  external_id_financial: '2-4711-2',
  client: { external_id_client: '2-3' },
  identifier: '4711/2',
  description: 'Título, multa 25.00, juros 4.15',
  date_issue: '2026-06-10T00:00:00.000-03:00',
  date_due: '2026-07-10',
  date_payment: '2026-07-20',
  value: 1250,
  discount_value: '0.0',
  amount_paid: 1279.15,
  status: 'received',
};

const answer = (body: unknown, headers: Record<string, string> = {}, status = 200) =>
  ({ status, body, headers, text: '', contentType: 'application/json', answeredAt: new Date() }) as PartnerAnswer;

describe('a page of financials, read back', () => {
  it('says of a title what the title should say, however numbers and days are written', () => {
    const page = readHeldPage(answer([ROW]), settings);
    expect(page).toEqual({ rows: [toExpected(TITLE, settings)], pages: 1 });
  });

  it('does not compare what the answer does not show', () => {
    const { description: _, client: __, ...less } = ROW;
    const page = readHeldPage(answer([less]), settings) as { rows: { fields: object }[] };
    expect(Object.keys(page.rows[0]!.fields)).not.toContain('description');
    expect(Object.keys(page.rows[0]!.fields)).not.toContain('external_id_client');
  });

  it('leaves out what belongs to another company in the same account', () => {
    const other = { ...ROW, external_id_financial: '3-4711-2' };
    expect(readHeldPage(answer([other]), settings)).toMatchObject({ rows: [] });
  });

  it('knows where the pages end, and rests before the rate limit does', () => {
    const reset = Math.floor(Date.now() / 1000) + 30;
    const headers = { 'x-pages': '7', 'x-total': '133', 'x-ratelimit-remaining': '9', 'x-ratelimit-reset': `${reset}` };
    expect(readHeldPage(answer([], headers), settings)).toEqual({
      rows: [],
      pages: 7,
      total: 133,
      restUntil: new Date(reset * 1000),
    });
    expect(readHeldPage(answer([], { ...headers, 'x-ratelimit-remaining': '11' }), settings)).not.toHaveProperty(
      'restUntil',
    );
  });

  it('is no page when the partner answers something else', () => {
    expect(readHeldPage(answer({ error: 'License expired' }, {}, 403), settings)).toMatchObject({
      kind: 'unavailable',
      pause: { reason: 'credential' },
    });
    expect(readHeldPage(answer({ data: [] }), settings)).toMatchObject({ kind: 'refused' });
  });

  it('expects nothing of a deleted title, under its name', () => {
    expect(toExpected({ ...TITLE, status: 'deleted' }, settings)).toEqual({ externalId: '2-4711-2' });
  });
});
