import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { eventually } from '#libs/testing';
import { type AuditWorld, eventOf, openAuditWorld } from '../test/audit-under-test.js';
import { Rounds } from './rounds.js';
import type { HeadView, VerificationView } from './seals/seals.controller.js';

let world: AuditWorld;
let audit: AuditWorld['audit'];
let publish: AuditWorld['publish'];
let admin: AuditWorld['admin'];

beforeAll(async () => {
  world = await openAuditWorld({ SEAL_EVERY_MS: '100' });
  ({ audit, publish, admin } = world);
});

afterEach(() => {
  jest.restoreAllMocks();
});

afterAll(() => world?.close());

const metrics = async () => (await fetch(`${audit.opsUrl}/metrics`)).text();
const verify = async (source: string, company: string) =>
  (await audit.get<VerificationView>(`/seals/verify?source=${source}&company=${company}`)).body;

describe('what the audit does again and again', () => {
  it('seals what was recorded without being asked', async () => {
    await publish.erp(eventOf('erp.receivable.opened.v1'));
    await eventually(async () => expect(await verify('/erp/demo', '1')).toEqual({ seals: 1, entries: 1, unsealed: 0 }));
  });

  it('tells each head that moved, once', async () => {
    await publish.erp(eventOf('erp.receivable.opened.v1', (event) => (event.company = event.data.company = '5')));
    await eventually(async () => expect(await verify('/erp/demo', '5')).toMatchObject({ seals: 1 }));
    const { body } = await audit.get<HeadView[]>('/seals/head?source=/erp/demo&company=5');
    const told = jest.spyOn(Logger.prototype, 'log').mockImplementation(() => undefined);
    await audit.app.get(Rounds).tellHeads();
    await audit.app.get(Rounds).tellHeads();
    const heads = told.mock.calls.filter(([said]) => (said as { company?: string }).company === '5');
    expect(heads).toEqual([[{ owner: '/erp/demo', company: '5', number: '1', hash: body[0]!.hash }, 'seal head']]);
  });

  it('throws away the keys of unreadable bytes when their time is over; the chain still verifies', async () => {
    await publish.bytes(Buffer.from('{"half'));
    await eventually(async () => expect(await verify('-', '-')).toEqual({ seals: 1, entries: 1, unsealed: 0 }));
    const unreadable = async () => (await audit.get('/entries?type=unreadable')).body.items;
    await audit.app.get(Rounds).dropExpiredKeys();
    expect(await unreadable()).toMatchObject([{ erased: false }]);
    await admin.query(`update audit.data_key set expires_at = now() where expires_at is not null`);
    await audit.app.get(Rounds).dropExpiredKeys();
    expect(await unreadable()).toMatchObject([{ erased: true }]);
    expect(await verify('-', '-')).toEqual({ seals: 1, entries: 1, unsealed: 0 });
  });

  it('measures what it records and how far sealing is behind, and is ready by broker and database', async () => {
    expect(await metrics()).toMatch(/^ponte_audit_entries_total\{reading="event",app="audit"\} 2$/m);
    expect(await metrics()).toMatch(/^ponte_audit_intake_lag_seconds\{app="audit"\} \d/m);
    await admin.query('begin');
    await admin.query('select from audit.sealing for update');
    await publish.erp(eventOf('erp.receivable.opened.v1'));
    await eventually(async () =>
      expect(await metrics()).toMatch(/^ponte_audit_sealed_lag_seconds\{app="audit"\} 0\.[1-9]/m),
    );
    await admin.query('rollback');
    await eventually(async () => expect(await metrics()).toMatch(/^ponte_audit_sealed_lag_seconds\{app="audit"\} 0$/m));
    const ready = await fetch(`${audit.opsUrl}/health/ready`);
    expect(((await ready.json()) as { details: object }).details).toMatchObject({
      broker: { status: 'up' },
      database: { status: 'up' },
    });
  });
});
