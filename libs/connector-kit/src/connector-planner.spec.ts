import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { HubEvent } from '#libs/contracts';
import type { EventPlan, PlannedEvent } from '#libs/delivery';
import { inTransaction } from '#libs/runtime';
import { eventually } from '#libs/testing';
import { ShopConnector } from '../test/shop-connector.js';
import { eventOf, openShop, type Shop } from '../test/shop-database.js';
import { ConnectorPlanner } from './connector-planner.js';
import { definitionOf } from './definition.js';

let shop: Shop;
let planner: ConnectorPlanner;
let position = 0n;

beforeAll(async () => {
  shop = await openShop();
  planner = new ConnectorPlanner(definitionOf(ShopConnector), new ShopConnector(), shop.registry, shop.newBook());
});

afterAll(() => shop.close());

function placed(event: HubEvent, more: Partial<PlannedEvent> = {}): PlannedEvent {
  return { event, position: ++position, exceptIntegrations: new Set(), ...more };
}

function planAll(...events: PlannedEvent[]): Promise<EventPlan[]> {
  return inTransaction(shop.pool, (client) => planner.plan(client, events));
}

async function count(table: 'receivable' | 'sequence_anomaly', company: string): Promise<number> {
  const { rows } = await shop.pool.query(`select count(*)::int as n from ${table} where company = $1`, [company]);
  return rows[0].n;
}

describe('what an event becomes', () => {
  it('is a delivery with the keys the support desk searches by, where the integration is ready', async () => {
    const { id } = await shop.save('ready');
    const event = eventOf('erp.receivable.opened.v1', { company: 'ready' });
    const { number, customer } = event.data;
    const [plan] = await planAll(placed(event));
    expect(plan).toEqual({
      plans: [
        { integrationId: id, deliveries: [expect.objectContaining({ operation: 'title.put', lane: event.subject })] },
      ],
      failures: [],
    });
    expect(plan!.plans[0]!.deliveries[0]!.keys).toMatchObject({ titleNumber: number, customerId: customer.id });
  });

  it('is nothing while the integration is off, in words', async () => {
    await shop.save('off', { enabled: false, displayName: 'Loja Sul' });
    const [plan] = await planAll(placed(eventOf('erp.receivable.opened.v1', { company: 'off' })));
    expect(plan!.plans[0]).toMatchObject({ deliveries: [], unplanned: { code: 'off' } });
    expect(plan!.plans[0]!.unplanned!.reason).toContain('Loja Sul');
  });

  it('is nothing while a setting is missing, and the reason names it as the form does', async () => {
    await shop.save('lacks', { settings: { token: null } });
    const [plan] = await planAll(placed(eventOf('erp.receivable.opened.v1', { company: 'lacks' })));
    expect(plan!.plans[0]!.unplanned!.code).toBe('not-configured');
    expect(plan!.plans[0]!.unplanned!.reason).toContain('Token da loja (missing)');
  });

  it('goes to the branch’s own integration in place of the company’s', async () => {
    const company = await shop.save('both');
    const branch = await shop.save('both', { branch: '7' });
    const [ofSeven, ofEight] = await planAll(
      placed(eventOf('erp.receivable.opened.v1', { company: 'both', branch: '7', title: 'A' })),
      placed(eventOf('erp.receivable.opened.v1', { company: 'both', branch: '8', title: 'B' })),
    );
    expect(ofSeven!.plans.map(({ integrationId }) => integrationId)).toEqual([branch.id]);
    expect(ofEight!.plans.map(({ integrationId }) => integrationId)).toEqual([company.id]);
  });

  it('is nothing where the company has no integration, that of another company’s notwithstanding', async () => {
    const [plan] = await planAll(placed(eventOf('erp.receivable.opened.v1', { company: 'nobody' })));
    expect(plan).toMatchObject({ plans: [], failures: [], unplanned: { code: 'no-integration' } });
    expect(plan!.unplanned!.reason).toContain('nobody');
  });

  it('is what the connector says where it plans nothing', async () => {
    await shop.save('says');
    const [plan] = await planAll(placed(eventOf('erp.receivable.deleted.v1', { company: 'says' })));
    const unplanned = { code: 'filtered', reason: 'the shop keeps what was deleted' };
    expect(plan!.plans[0]).toMatchObject({ deliveries: [], unplanned });
  });

  it('touches the read model only, when it is a snapshot', async () => {
    await shop.save('snapshot');
    const [plan] = await planAll(placed(eventOf('erp.receivable.snapshot.v1', { company: 'snapshot' })));
    expect(plan).toMatchObject({ plans: [], unplanned: { code: 'read-model-only' } });
    expect(await count('receivable', 'snapshot')).toBe(1);
  });

  it('is a failure of that integration alone, when its plan throws', async () => {
    const broken = await shop.save('broken', { settings: { shelf: 'broken' } });
    await shop.save('whole');
    const [failed, planned] = await planAll(
      placed(eventOf('erp.receivable.opened.v1', { company: 'broken' })),
      placed(eventOf('erp.receivable.opened.v1', { company: 'whole' })),
    );
    const reason = 'it could not be planned: the shelf fell down';
    expect(failed).toEqual({ plans: [], failures: [{ integrationId: broken.id, reason }] });
    expect(planned!.plans[0]!.deliveries).toHaveLength(1);
  });

  it('is a failure with the line to write, when nobody delivers what was planned', async () => {
    await shop.save('lost', { settings: { shelf: 'lost' } });
    const [plan] = await planAll(placed(eventOf('erp.receivable.opened.v1', { company: 'lost' })));
    expect(plan!.failures[0]!.reason).toContain("write @Deliver('title.lose')");
  });

  it('is not asked of an integration that holds its key, and once released of no other', async () => {
    const { id } = await shop.save('held');
    const event = eventOf('erp.receivable.opened.v1', { company: 'held', sequence: 1 });
    const [held] = await planAll(placed(event, { exceptIntegrations: new Set([id]) }));
    expect(held).toEqual({ plans: [], failures: [] });
    const [released] = await planAll(placed(event, { onlyIntegration: id }));
    expect(released!.plans).toHaveLength(1);
  });

  it('is no anomaly of the ERP’s numbering when it is planned again after a hold', async () => {
    const { id } = await shop.save('again');
    const [first, second] = [1, 2].map((sequence) =>
      eventOf('erp.receivable.opened.v1', { company: 'again', sequence }),
    );
    await planAll(placed(first!), placed(second!));
    await planAll(placed(first!, { onlyIntegration: id }));
    expect(await count('sequence_anomaly', 'again')).toBe(0);
  });
});

describe('the book of settings', () => {
  it('never goes back to an older version that was read before a save and noted after it', async () => {
    const book = shop.newBook();
    const older = await shop.save('book');
    const newer = await shop.save('book', { displayName: 'Loja Nova' });
    book.note([newer]);
    book.note([older]);
    expect(await book.read(older.id)).toMatchObject({ displayName: 'Loja Nova', version: newer.version });
  });

  it('learns the name of an integration another replica has made, once it was asked for it', async () => {
    const book = shop.newBook();
    const { id } = await shop.save('elsewhere', { displayName: 'Loja Norte' });
    expect(() => book.refOf(id)).toThrow('has not been read yet');
    const ref = await eventually(() => book.refOf(id));
    expect(ref).toEqual({ id, name: 'Loja Norte', source: '/erp/demo', company: 'elsewhere' });
  });
});
