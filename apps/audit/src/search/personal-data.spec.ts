import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '#libs/testing';
import { type AuditWorld, eventOf, openAuditWorld, outcomeOf, tokenOf } from '../../test/audit-under-test.js';
import type { EntryDetail, EntryView } from './entry-view.js';

let world: AuditWorld;
let audit: AuditWorld['audit'];
let publish: AuditWorld['publish'];
let admin: AuditWorld['admin'];

const canary = '52998224725';
const registered = eventOf('erp.customer.registered.v1', (event) => {
  event.subject = `customer/${canary}`;
  Object.assign(event.data, {
    customerId: canary,
    document: canary,
    name: 'Aurora Canário de Souza',
    email: 'aurora@canario.test',
    phone: '92981234567',
  });
});
const opened = eventOf('erp.receivable.opened.v1', ({ data }) => {
  Object.assign(data.customer, { id: canary, document: canary, name: 'Aurora Canário de Souza' });
});
const broken = eventOf('erp.receivable.opened.v1', ({ data }) => {
  Object.assign(data, { cliente: { cpf: canary, nome: 'Aurora Canário de Souza' }, openAmount: '-1' });
});
const refused = outcomeOf('delivery.refused.v1', opened);
refused.data.reason = `HTTP 422: o CPF 529.982.247-25 de aurora@canario.test já existe`;

beforeAll(async () => {
  world = await openAuditWorld();
  ({ audit, publish, admin } = world);
  await publish.erp(registered, opened, broken);
  await publish.ponte(refused);
  await eventually(async () => {
    expect((await audit.get('/entries')).body.items).toHaveLength(4);
  });
});

afterAll(() => world?.close());

const clearText = /52998224725|529\.982\.247-25|Aurora|aurora@canario|92981234567/;

describe('personal data', () => {
  it('stands in clear nowhere in the database, not even as a customer id', async () => {
    const { rows: tables } = await admin.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = 'audit'`,
    );
    let looked = 0;
    for (const { name } of tables) {
      const { rows } = await admin.query<{ text: string }>(`select t::text as text from ${name} t`);
      for (const { text } of rows) expect(decoded(text)).not.toMatch(clearText);
      looked += rows.length;
    }
    expect(looked).toBeGreaterThan(20);
  });

  it('is masked in lists, in details and in the timeline', async () => {
    const list = await audit.get('/entries');
    expect(list.body.items.map(({ subject }) => subject)).toContain('customer/***.982.247-**');
    const details = await Promise.all(list.body.items.map(({ id }) => audit.get<EntryDetail>(`/entries/${id}`)));
    const timeline = await audit.get<EntryView[]>(`/timeline?eventId=${opened.id}`);
    expect(JSON.stringify([list, details, timeline])).not.toMatch(clearText);
    const shown = details.find(({ body }) => body.eventId === registered.id)!.body;
    expect(shown.data).toMatchObject({ document: '***.982.247-**', name: 'A*** C*** d*** S***', phone: '***67' });
    const reason = timeline.body.find(({ eventId }) => eventId === refused.id)!.outcome!.reason;
    expect(reason).toMatch(/^HTTP 422: o CPF \[masked\] de \*\*\* já existe$/);
  });

  it('is shown to who has the permission and says why, and that is recorded first', async () => {
    const [entry] = await audit.entriesOf(registered.id);
    const auditor = await tokenOf({ roles: ['auditor'], companies: ['/erp/demo|1'], sub: 'olga.auditora' });
    const { status, body } = await audit.post<{ content: string; encoding: string }>(
      `/entries/${entry!.id}/reveal`,
      { reason: 'Ofício 12/2026' },
      auditor,
    );
    expect(status).toBe(200);
    expect(JSON.parse(body.content)).toMatchObject({ id: registered.id, data: { name: 'Aurora Canário de Souza' } });
    const timeline = await audit.get<EntryView[]>(`/timeline?eventId=${registered.id}`);
    const act = timeline.body.find(({ type }) => type === 'audit.payload.revealed.v1');
    expect(act).toMatchObject({ reading: 'own', actor: 'olga.auditora', outcome: { reason: 'Ofício 12/2026' } });
  });

  it('is not shown without the permission, without a reason, or to another company, and nothing is recorded', async () => {
    const [entry] = await audit.entriesOf(opened.id);
    const path = `/entries/${entry!.id}/reveal`;
    const analyst = await tokenOf({ roles: ['analyst'], companies: ['*'] });
    const stranger = await tokenOf({ roles: ['auditor'], companies: ['/erp/demo|2'] });
    expect((await audit.post(path, { reason: 'curiosidade' }, analyst)).status).toBe(403);
    expect((await audit.post(path, { reason: 'curiosidade' }, stranger)).status).toBe(404);
    expect((await audit.post(path, {})).status).toBe(400);
    const timeline = await audit.get<EntryView[]>(`/timeline?eventId=${opened.id}`);
    expect(timeline.body.filter(({ reading }) => reading === 'own')).toEqual([]);
  });
});

/** Bytes are printed in hexadecimal: what they would read as counts as well. */
function decoded(text: string): string {
  const bytes = [...text.matchAll(/\\x([0-9a-f]+)/g)].map((match) => Buffer.from(match[1]!, 'hex').toString('latin1'));
  return [text, ...bytes].join('\n');
}
