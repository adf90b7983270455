import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { eventually } from '#libs/testing';
import { SOURCE, World } from '../world/world.ts';

const WITHIN_MS = 60_000;

interface Parked {
  id: string;
  reasonCode: string;
  reason: string;
  key: string;
  waitingBehind: number;
}

interface Delivery {
  position: string;
  state: string;
  reason: string;
}

describe('the whole way, from the ERP to CustomerX and into the audit', () => {
  let world: World;

  beforeAll(async () => {
    world = await World.prepare();
    await world.startAll();
    await world.openAccounts(['one', 'two', 'three']);
    await world.integrate({ company: '1', account: 'one' });
  }, 120_000);

  afterAll(() => world?.close(), 60_000);

  const accountOf = (company: string) => ({ '1': 'one', '2': 'two', '3': 'three' })[company] ?? company;
  const open = (body: object) =>
    world.ask<{ receivableId: string }>('sandbox', 'POST', '/erp/titles', { amount: '100.00', ...body });
  const parked = async () =>
    (await world.ask<{ items: Parked[] }>('customerx-connector', 'GET', '/parked-events')).items;

  const there = (receivableId: string) =>
    eventually(
      async () => {
        const found = (await world.financials('one')).some((one) => one.external_id_financial === receivableId);
        if (!found) throw new Error(`${receivableId} has not arrived`);
      },
      { withinMs: WITHIN_MS },
    );

  /** As a faulty ERP would: a row of its outbox that no function of the kit wrote. */
  async function writeRow(type: string, aggregateid: string, payload: object, company = '1'): Promise<void> {
    const client = new Client({ connectionString: world.erpAdminUrl });
    await client.connect();
    await client.query(`select erp_outbox_write('receivable', $1, $2, $3, $4, '01', 1, 'a faulty ERP')`, [
      aggregateid,
      type,
      payload,
      company,
    ]);
    await client.end();
  }

  it('brings every movement of every title to CustomerX, once and in order', async () => {
    await world.ask('sandbox', 'POST', '/erp/generate', { companies: 1, titles: 50, movementsPerTitle: 5, seed: 11 });
    const verdict = await world.settled(accountOf, WITHIN_MS);
    expect(verdict).toMatchObject({
      delivered: 250,
      lost: [],
      doubled: [],
      reordered: [],
      repeated: [],
      unexplained: [],
    });
    expect(await world.compare('1', 'one')).toEqual([]);
  });

  it('answers why mine did not go: the company has no integration', async () => {
    const { receivableId } = await open({ company: '9' });
    const find = `/entries?source=${encodeURIComponent(SOURCE)}&company=9&subject=${encodeURIComponent(`receivable/${receivableId}`)}`;
    const items = await eventually(
      async () => {
        const found = (await world.ask<{ items: { id: string; type: string }[] }>('audit', 'GET', find)).items;
        if (!found.some((entry) => entry.type === 'customerx.event.unplanned.v1'))
          throw new Error('not in the audit yet');
        return found;
      },
      { withinMs: WITHIN_MS },
    );
    expect(items.map((entry) => entry.type).toSorted()).toEqual([
      'customerx.event.unplanned.v1',
      'erp.receivable.opened.v1',
    ]);
  });

  it('parks an event that contradicts itself with its reason, lets later ones of its title wait, and others pass', async () => {
    const { receivableId } = await open({ company: '1' });
    await there(receivableId);
    const [title] = (await world.titles('1')).filter((one) => one.receivableId === receivableId);
    const contradiction = {
      ...title,
      openAmount: '77.00',
      sequence: 2,
      movement: { id: 'm', kind: 'discount', date: '2026-07-01', amount: '1.00' },
    };
    await writeRow('erp.receivable.adjusted.v1', receivableId, contradiction);
    await world.ask('sandbox', 'POST', `/erp/titles/${receivableId}/settlements?company=1`, {});
    const [held] = await eventually(
      async () => {
        const found = (await parked()).filter((one) => one.key === `receivable/${receivableId}`);
        if (found[0]?.waitingBehind !== 1) throw new Error('nothing waits behind it yet');
        return found;
      },
      { withinMs: WITHIN_MS },
    );
    expect(held).toMatchObject({ reasonCode: 'invalid', reason: expect.stringContaining('77.00') });

    const other = await open({ company: '1' });
    await there(other.receivableId);

    await world.ask('customerx-connector', 'POST', `/parked-events/${held!.id}/skip`, { reason: 'corrigido no ERP' });
    await eventually(
      async () => {
        const differing = (await world.compare('1', 'one')).filter((one) => one.title === receivableId);
        if (differing.length > 0) throw new Error('what waited behind has not gone');
      },
      { withinMs: WITHIN_MS },
    );
  });

  it('keeps an event of a type it does not know, unplanned, holding its key', async () => {
    const { receivableId } = await open({ company: '1' });
    await writeRow('erp.receivable.reopened.v1', receivableId, { anything: true });
    const held = await eventually(
      async () => {
        const found = (await parked()).find((one) => one.reasonCode === 'unknown-type');
        if (!found) throw new Error('not parked yet');
        return found;
      },
      { withinMs: WITHIN_MS },
    );
    expect(held).toMatchObject({
      key: `receivable/${receivableId}`,
      reason: expect.stringContaining('erp.receivable.reopened.v1'),
    });
    await world.ask('customerx-connector', 'POST', `/parked-events/${held.id}/skip`, {
      reason: 'não nos diz respeito',
    });
  });

  it('parks a row too large to travel in the outbox, with the later ones of its title behind it', async () => {
    await writeRow('erp.receivable.opened.v1', 'BIG-1', { blob: 'x'.repeat(1_100_000) });
    await writeRow('erp.receivable.adjusted.v1', 'BIG-1', { small: true });
    const items = await eventually(
      async () => {
        const { items: rows } = await world.ask<{
          items: { aggregateid?: string; aggregateId?: string; reason: string }[];
        }>('erp-outbox-reader', 'GET', '/parked');
        if (rows.length === 0) throw new Error('not parked yet');
        return rows;
      },
      { withinMs: WITHIN_MS },
    );
    expect(JSON.stringify(items)).toContain('BIG-1');
  });

  it('parks a delivery that CustomerX refuses, holds its title alone, and sends it again when told to', async () => {
    const { id } = await world.integrate({ company: '3', account: 'three', settings: { dateFormat: 'YYYY-MM-DD' } });
    const { receivableId } = await open({ company: '3' });
    const refused = await eventually(
      async () => {
        const { items } = await world.ask<{ items: Delivery[] }>(
          'customerx-connector',
          'GET',
          `/deliveries?state=parked&integrationId=${id}`,
        );
        if (!items[0]) throw new Error('not refused yet');
        return items[0];
      },
      { withinMs: WITHIN_MS },
    );
    expect(refused.reason).toMatch(/^HTTP 422: date_/);
    await world.integrate({ company: '3', account: 'three', settings: { dateFormat: 'DD/MM/YYYY' } });
    await world.ask('customerx-connector', 'POST', `/deliveries/${refused.position}/skip`, {
      reason: 'formato corrigido',
    });
    await world.ask('sandbox', 'POST', `/erp/titles/${receivableId}/adjustments?company=3`, {
      kind: 'discount',
      amount: '1.00',
    });
    await eventually(
      async () => {
        if ((await world.compare('3', 'three')).length > 0) throw new Error('it has not arrived');
      },
      { withinMs: WITHIN_MS },
    );
  });

  it('spends no attempt and parks nothing while CustomerX is away, and brings everything when it is back', async () => {
    await world.integrate({ company: '2', account: 'two' });
    await world.ask('sandbox', 'PUT', '/control/customerx/faults', { status: 503, account: 'two' });
    await world.ask('sandbox', 'POST', '/erp/generate', { companies: 2, titles: 60, movementsPerTitle: 3, seed: 12 });
    await eventually(
      async () => {
        const standing = await world.ask<{ items: { id: string }[] }>('customerx-connector', 'GET', '/integrations');
        const two = standing.items.find((one) => (one as unknown as { company: string }).company === '2')!;
        const { items } = await world.ask<{ items: { reason: string }[] }>(
          'customerx-connector',
          'GET',
          `/integrations/${two.id}/pauses`,
        );
        if (!items.some((pause) => pause.reason === 'breaker')) throw new Error('the breaker has not opened');
      },
      { withinMs: WITHIN_MS },
    );
    await world.ask('sandbox', 'DELETE', '/control/customerx/faults');
    await eventually(
      async () => {
        if ((await world.compare('2', 'two')).length > 0) throw new Error('not all has arrived');
      },
      { withinMs: WITHIN_MS },
    );
    const { items } = await world.ask<{ items: Delivery[] }>('customerx-connector', 'GET', '/deliveries?state=parked');
    expect(items).toEqual([]);
  });

  it('leaves the audit chain whole', async () => {
    type Verification = { seals: number; entries: number; unsealed: number; break?: object };
    const answer = await eventually(
      async () => {
        const path = `/seals/verify?source=${encodeURIComponent(SOURCE)}&company=1`;
        const found = await world.ask<Verification>('audit', 'GET', path);
        if (found.entries < 250) throw new Error('not all is sealed yet');
        return found;
      },
      { withinMs: WITHIN_MS },
    );
    expect(answer.break).toBeUndefined();
  });
});
