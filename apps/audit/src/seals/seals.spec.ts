import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { eventually } from '#libs/testing';
import { type AuditWorld, eventOf, openAuditWorld, tokenOf } from '../../test/audit-under-test.js';
import { digestOf, type ClearColumns } from '../intake/digest.js';
import { Recorder } from '../intake/recorder.js';
import { ownRecord } from '../intake/own-record.js';
import { sealHash, type Seal } from './seal.js';
import type { HeadView, VerificationView } from './seals.controller.js';
import { SELECT_CLEAR_COLUMNS, SELECT_SEALS } from './seals.sql.js';

let world: AuditWorld;
let audit: AuditWorld['audit'];
let publish: AuditWorld['publish'];
let admin: AuditWorld['admin'];

beforeAll(async () => {
  world = await openAuditWorld();
  ({ audit, publish, admin } = world);
});

afterAll(() => world?.close());

/** Every test has a company, and so a chain, of its own. */
let company = '';
let companies = 0;
beforeEach(() => {
  companies += 1;
  company = `C${companies}`;
});

const verify = async (more = '') =>
  (await audit.get<VerificationView>(`/seals/verify?source=/erp/demo&company=${company}${more}`)).body;

/** Two seals of three entries each; gives the ids in order. */
async function sealedEntries(): Promise<string[]> {
  for (let seal = 0; seal < 2; seal += 1) {
    const events = Array.from({ length: 3 }, () =>
      eventOf('erp.customer.registered.v1', (event) => (event.company = company)),
    );
    await publish.erp(...events);
    await eventually(async () => (await audit.entriesOf(events[2]!.id)).length === 1);
    await audit.seal();
  }
  const { rows } = await admin.query<{ id: string }>('select id from audit.entry where company = $1 order by id', [
    company,
  ]);
  return rows.map(({ id }) => id);
}

describe('the chain of seals', () => {
  it('verifies what was recorded, entry by entry, and says what no seal covers yet', async () => {
    await sealedEntries();
    const late = eventOf('erp.customer.registered.v1', (event) => (event.company = company));
    await publish.erp(late);
    await eventually(async () => (await audit.entriesOf(late.id)).length === 1);
    expect(await verify()).toEqual({ seals: 2, entries: 6, unsealed: 1 });
    await audit.seal();
    expect(await verify('&fromSeal=2')).toEqual({ seals: 2, entries: 4, unsealed: 0 });
  });

  it.each([
    [
      'its ciphertext',
      'update audit.entry set ciphertext = set_byte(ciphertext, 20, (get_byte(ciphertext, 20) + 1) % 256) where id = $1',
    ],
    ['who did it', `update audit.entry set actor = 'outra.pessoa' where id = $1`],
    ['when it was received', `update audit.entry set received_at = received_at - interval '1 hour' where id = $1`],
    ['its digest', `update audit.entry set digest = sha256('x') where id = $1`],
  ])('names the entry when somebody changes %s', async (_what, tamper) => {
    const ids = await sealedEntries();
    await admin.query(tamper, [ids[4]]);
    expect(await verify()).toEqual({
      seals: 1,
      entries: 3,
      unsealed: 0,
      break: { kind: 'entry-changed', seal: '2', entryId: ids[4] },
    });
  });

  it('names the entry when somebody changes it and works its digest out anew', async () => {
    const ids = await sealedEntries();
    await admin.query(`update audit.entry set actor = 'outra.pessoa' where id = $1`, [ids[1]]);
    await admin.query('set search_path = audit');
    const range = ['/erp/demo', company, ids[0], ids[1], 1];
    const { rows } = await admin.query<ClearColumns & { ciphertextHash: Buffer }>(SELECT_CLEAR_COLUMNS, range);
    const digest = digestOf(rows[0]!, rows[0]!.ciphertextHash);
    await admin.query('update entry set digest = $2 where id = $1', [ids[1], digest]);
    expect((await verify()).break).toEqual({ kind: 'entry-changed', seal: '1', entryId: ids[1] });
  });

  it('names the seal after one that was rewritten with a hash of its own', async () => {
    await sealedEntries();
    await admin.query('set search_path = audit');
    const [seal] = (await admin.query<Seal>(SELECT_SEALS, ['/erp/demo', company, '1', 1])).rows;
    const rewritten = { ...seal!, owner: '/erp/demo', company, sealedAt: new Date(0) };
    await admin.query('update seal set sealed_at = $1, hash = $2 where company = $3 and number = 1', [
      rewritten.sealedAt,
      sealHash(rewritten),
      company,
    ]);
    expect(await verify()).toMatchObject({ seals: 1, break: { kind: 'seal-changed', seal: '2' } });
  });

  it('names an entry that was taken away, moved to another company or slipped in', async () => {
    const ids = await sealedEntries();
    const of = [ids[1], company];
    await admin.query(`update audit.entry set company = 'elsewhere' where id = $1`, [ids[1]]);
    expect((await verify()).break).toEqual({ kind: 'entry-missing', seal: '1', entryId: ids[1] });
    await admin.query('update audit.entry set company = $2 where id = $1', of);
    expect((await verify()).break).toBeUndefined();
    await admin.query(
      `insert into audit.entry
       select (jsonb_populate_record(e, jsonb_build_object('received_at', e.received_at + interval '1 second'))).*
         from audit.entry e where id = $1`,
      [ids[1]],
    );
    expect((await verify()).break).toEqual({ kind: 'entry-added', seal: '1', entryId: ids[1] });
    await admin.query('delete from audit.entry where id = any($1)', [[ids[1], ids[5]]]);
    expect((await verify('&fromSeal=2')).break).toEqual({ kind: 'entry-missing', seal: '2', entryId: ids[5] });
  });

  it('names a seal that was changed or taken away', async () => {
    await sealedEntries();
    await admin.query(`update audit.seal set members = members || '\\x00' where company = $1 and number = 2`, [
      company,
    ]);
    expect((await verify()).break).toEqual({ kind: 'seal-changed', seal: '2' });
    await admin.query('delete from audit.seal where company = $1 and number = 1', [company]);
    expect((await verify()).break).toEqual({ kind: 'seal-missing', seal: '1' });
    expect((await verify('&fromSeal=2')).break).toEqual({ kind: 'seal-missing', seal: '1' });
  });

  it('tells a chain that was rewritten or cut from the head somebody wrote down', async () => {
    await sealedEntries();
    const { body } = await audit.get<HeadView[]>(`/seals/head?source=/erp/demo&company=${company}`);
    expect(body).toMatchObject([{ source: '/erp/demo', company, seal: '2' }]);
    const known = `&knownSeal=2&knownHash=${body[0]!.hash}`;
    expect((await verify(known)).break).toBeUndefined();
    expect((await verify(`&knownSeal=2&knownHash=${'0'.repeat(64)}`)).break).toEqual({
      kind: 'head-differs',
      seal: '2',
    });
    await admin.query('delete from audit.seal where company = $1 and number = 2', [company]);
    expect((await verify(known)).break).toEqual({ kind: 'seal-missing', seal: '2' });
  });

  it('seals no higher id while an append with a lower one is still under way', async () => {
    const recorder = audit.app.get(Recorder);
    await sealedEntries();
    await recorder.recordRequest((_client, append) => append([actOf(company)]));
    await audit.seal();
    const slow = Promise.withResolvers<void>();
    const began = Promise.withResolvers<string>();
    const appending = recorder.recordRequest(async (_client, append) => {
      const { ids } = await append([actOf(company)]);
      began.resolve(ids[0]!);
      await slow.promise;
    });
    const lower = await began.promise;
    const event = eventOf('erp.customer.registered.v1', (each) => (each.company = company));
    await publish.erp(event);
    await eventually(async () => (await audit.entriesOf(event.id)).length === 1);
    const sealing = audit.seal();
    await eventually(async () => {
      const { rowCount } = await admin.query(
        `select from pg_stat_activity where wait_event_type = 'Lock' and query like '%writer%'`,
      );
      return rowCount !== 0;
    });
    slow.resolve();
    await Promise.all([appending, sealing]);
    const { rows } = await admin.query('select first_id from audit.seal where company = $1 and number = 4', [company]);
    expect(rows).toEqual([{ first_id: lower }]);
    expect(await verify()).toEqual({ seals: 4, entries: 9, unsealed: 0 });
  });

  it('stays in order beyond nine seals and past a page of them', async () => {
    const recorder = audit.app.get(Recorder);
    for (let seal = 0; seal < 12; seal += 1) {
      await recorder.recordRequest((_client, append) => append([actOf(company)]));
      await audit.seal();
    }
    expect(await verify()).toEqual({ seals: 12, entries: 12, unsealed: 0 });
  });

  it('is sealed once when several replicas seal at the same time', async () => {
    await sealedEntries();
    const events = Array.from({ length: 50 }, () =>
      eventOf('erp.customer.registered.v1', (event) => (event.company = company)),
    );
    await publish.erp(...events);
    await eventually(async () => (await audit.entriesOf(events[49]!.id)).length === 1);
    await Promise.all(Array.from({ length: 4 }, () => audit.seal()));
    await audit.seal();
    expect(await verify()).toMatchObject({ entries: 56, unsealed: 0 });
  });

  it('is open to those who may verify that company, and to nobody else', async () => {
    await sealedEntries();
    const analyst = await tokenOf({ roles: ['analyst'], companies: ['*'] });
    const auditorElsewhere = await tokenOf({ roles: ['auditor'], companies: ['/erp/demo|other'] });
    const path = `/seals/verify?source=/erp/demo&company=${company}`;
    expect((await audit.get(path, analyst)).status).toBe(403);
    expect((await audit.get(path, auditorElsewhere)).status).toBe(404);
    expect((await audit.get<HeadView[]>('/seals/head', auditorElsewhere)).body).toEqual([]);
  });

  it('lets not even the app itself change what it recorded', async () => {
    const app = new Client({ connectionString: world.database.url });
    await app.connect();
    await expect(app.query(`update audit.entry set actor = 'x'`)).rejects.toThrow('permission denied');
    await expect(app.query('delete from audit.seal')).rejects.toThrow('permission denied');
    await app.end();
  });
});

function actOf(inCompany: string) {
  return ownRecord({
    type: 'audit.payload.revealed.v1',
    owner: '/erp/demo',
    company: inCompany,
    subject: 'entry/1',
    actor: 'carla',
    traceId: '0af7651916cd43dd8448eb211c80319c',
    at: new Date(),
    data: { reason: 'teste' },
  });
}
