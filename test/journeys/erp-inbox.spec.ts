import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '#libs/testing';
import { InboxWriter, type InboxResult } from '../world/inbox-writer.ts';
import { World } from '../world/world.ts';

const PATIENTLY = { withinMs: 90_000 };

let world: World;
let inbox: InboxWriter;

beforeAll(async () => {
  world = await World.prepare();
  await world.start('sandbox');
  inbox = await InboxWriter.start(world);
  await world.start('audit');
  await Promise.all([world.start('customerx-connector'), world.start('erp-outbox-reader')]);
  await world.openAccounts(['one']);
  await world.integrate({ company: '1', account: 'one' });
}, 180_000);

afterAll(async () => {
  await inbox?.close();
  await world?.close();
}, 60_000);

async function told(type: string, receivableId: string): Promise<InboxResult[]> {
  const results = await inbox.results();
  return results.filter((one) => one.type === type && (one.payload.keys as Keys)?.receivableId === receivableId);
}

interface Keys {
  receivableId?: string;
}

it('tells the ERP, in its own table, that CustomerX refused a title, and why; of what went well it was not asked to', async () => {
  const open = () =>
    world.ask<{ receivableId: string }>('sandbox', 'POST', '/erp/titles', { company: '1', amount: '100.00' });
  const fine = await open();
  await eventually(async () => expect(await world.compare('1', 'one')).toEqual([]), PATIENTLY);
  await world.ask('sandbox', 'PUT', '/control/customerx/faults', { status: 422, account: 'one' });
  const { receivableId } = await open();
  const [result] = await eventually(async () => {
    const found = await told('customerx.delivery.parked.v1', receivableId);
    expect(found).toHaveLength(1);
    return found;
  }, PATIENTLY);
  expect(result).toMatchObject({
    company: '1',
    subject: `receivable/${receivableId}`,
    payload: { reason: expect.stringContaining('422'), event: { subject: `receivable/${receivableId}` } },
  });
  expect(
    (await inbox.results()).filter(({ payload }) => (payload.keys as Keys).receivableId === fine.receivableId),
  ).toEqual([]);
});
