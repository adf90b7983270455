import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { eventually, privateDatabase, privateVhost, type PrivateDatabase, type PrivateVhost } from '#libs/testing';
import type { EntryDetail } from '../src/search/entry-view.js';
import {
  eventOf,
  masterKey,
  migratedAudit,
  openAudit,
  openPublisher,
  type AuditUnderTest,
} from './audit-under-test.js';

let database: PrivateDatabase;
let vhost: PrivateVhost;
let admin: Client;
let audit: AuditUnderTest | undefined;

const event = eventOf('erp.receivable.opened.v1');
const newer = `k2:${randomBytes(32).toString('base64')}`;

beforeAll(async () => {
  [database, vhost] = await Promise.all([privateDatabase(migratedAudit), privateVhost()]);
  admin = new Client({ connectionString: database.adminUrl });
  await admin.connect();
  audit = await openAudit({ database, vhost });
  const publish = await openPublisher(vhost.amqpUrl);
  await publish.erp(event);
  await eventually(async () => expect(await audit!.entriesOf(event.id)).toHaveLength(1));
  await publish.close();
  await audit.close();
});

afterEach(async () => {
  await audit?.close();
  audit = undefined;
});

afterAll(async () => {
  await admin?.end();
  await Promise.all([database?.drop(), vhost?.drop()]);
});

const openWith = (keys: string) => openAudit({ database, vhost }, { AUDIT_KEY: keys });

describe('the installation key', () => {
  it('is not started without: neither with another one, nor with another one of the same name', async () => {
    await expect(openWith(newer)).rejects.toThrow('AUDIT_KEY does not hold the master key "k1"');
    await expect(openWith(newer.replace('k2', 'k1'))).rejects.toThrow('is not the one this database was made with');
  });

  it('is rotated by putting a new one in front: everything goes under it, and the old one may go', async () => {
    audit = await openWith(`${newer},${masterKey}`);
    await eventually(async () => {
      const { rows } = await admin.query(
        'select master_key from audit.data_key union select master_key from audit.index_key',
      );
      expect(rows).toEqual([{ master_key: 'k2' }]);
    });
    await audit.close();
    audit = await openWith(newer);
    const { body } = await audit.get(`/entries?source=/erp/demo&company=1&title=${event.data.number}`);
    expect(body.items).toMatchObject([{ eventId: event.id, erased: false }]);
    const detail = await audit.get<EntryDetail>(`/entries/${body.items[0]!.id}`);
    expect(detail.body.data).toMatchObject({ number: event.data.number });
  });
});
