import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { sampleOf } from '#libs/contracts';
import { ensureEndpoints } from '#libs/delivery';
import { PartnerEndpoints } from '#libs/partner';
import { applyReceivables, type ReceivableEvent } from '#libs/receivables';
import { inTransaction, Secret, SystemClock } from '#libs/runtime';
import { readKeyRing, SecretBox, type Integration } from '#libs/settings';
import { eventually } from '#libs/testing';
import { ShopConnector } from '../test/shop-connector.js';
import { openShop, SETTINGS_KEYS, type Shop } from '../test/shop-database.js';
import { definitionOf } from './definition.js';
import { EngineRoom } from './engine-room.js';
import { IntegrationLife } from './integration-life.js';
import { listLoads } from './load-list.js';
import { Loads } from './loads.js';
import type { PartnerSettings } from './partner-settings.js';

const clock = new SystemClock();

let shop: Shop;
let partners: PartnerEndpoints;
let room: EngineRoom;

beforeEach(async () => {
  shop = await openShop(clock);
  partners = new PartnerEndpoints({ clock });
  const { pool, registry } = shop;
  const book = shop.newBook();
  const box = new SecretBox(readKeyRing(new Secret(SETTINGS_KEYS)));
  const definition = definitionOf(ShopConnector);
  const connector = new ShopConnector();
  room = new EngineRoom({ definition, connector, box, replica: 'r1', pool, clock, registry, book, partners });
  await room.engine.prepare();
});

afterEach(async () => {
  await room.engine.stop();
  await partners.close();
  await shop.close();
});

const replica = (engine = room.engine) =>
  new Loads({ pool: shop.pool, clock, engine, planner: room.planner, registry: shop.registry, chunk: 10 });

/** Open titles as a walk leaves them, numbered so that their order is that of their numbers. */
async function titles(company: string, howMany: number): Promise<void> {
  const sample = sampleOf('erp.receivable.snapshot.v1') as ReceivableEvent;
  const events = Array.from({ length: howMany }, (_, n) => {
    const data = { ...sample.data, company, receivableId: String(n).padStart(4, '0'), status: 'open' as const };
    return { event: { ...sample, id: randomUUID(), company, data }, position: BigInt(n + 1) };
  });
  await inTransaction(shop.pool, (client) => applyReceivables(client, events));
}

/** Ready, with a load that need not wait for a walk. */
async function begin(company: string): Promise<Integration<PartnerSettings>> {
  const integration = await shop.save(company);
  const { id, source } = integration;
  await ensureEndpoints(shop.pool, { integrationId: id, source, company, groups: ['default'], concurrency: 4 });
  const life = new IntegrationLife(true);
  await inTransaction(shop.pool, (client) => life.follow(client, integration, 'ana'));
  await shop.pool.query('update integration_load set needs_fill = false');
  return integration;
}

function knockUntilThrough(loads: Loads, { id }: Integration<PartnerSettings>): Promise<void> {
  return eventually(async () => {
    await loads.knock();
    const [load] = await listLoads(shop.pool, id, { limit: 1 });
    if (load?.state !== 'finished') throw new Error(`the load is ${load?.state}`);
  });
}

async function planned({ id }: Integration<PartnerSettings>): Promise<string[]> {
  const statement = `select body->>'id' as title, priority, kind from delivery where integration_id = $1 order by position`;
  const { rows } = await shop.pool.query(statement, [id]);
  expect(rows.every(({ priority, kind }) => priority === -1 && kind === 'state')).toBe(true);
  return rows.map(({ title }) => title);
}

const numbers = (howMany: number) => Array.from({ length: howMany }, (_, n) => String(n).padStart(4, '0'));

describe('A load', () => {
  it('plans each open title once, behind everything that moves, whoever works on it', async () => {
    await titles('1', 95);
    const integration = await begin('1');
    const replicas = [replica(), replica(), replica()];
    await Promise.all(replicas.map((loads) => knockUntilThrough(loads, integration)));
    expect((await planned(integration)).toSorted()).toEqual(numbers(95));
  });

  it('that was cut off in the middle goes on where it was', async () => {
    await titles('1', 95);
    const integration = await begin('1');
    const { engine } = room;
    let chunks = 0;
    const schedule = (...given: Parameters<typeof engine.schedule>) => {
      chunks += 1;
      if (chunks === 4) throw new Error('killed');
      return engine.schedule(...given);
    };
    const cut = replica(Object.assign(Object.create(engine), { schedule }));
    await expect(cut.knock()).rejects.toThrow('killed');
    expect(await planned(integration)).toHaveLength(30);
    await knockUntilThrough(replica(), integration);
    expect(await planned(integration)).toEqual(numbers(95));
  });

  it('of a big company does not keep a small one waiting: they take turns', async () => {
    await titles('big', 95);
    await titles('small', 5);
    const big = await begin('big');
    const small = await begin('small');
    const loads = replica();
    await knockUntilThrough(loads, small);
    const order = await shop.pool.query('select company from delivery order by position');
    const firstOfSmall = order.rows.findIndex(({ company }) => company === 'small');
    expect(firstOfSmall).toBe(10);
    await knockUntilThrough(loads, big);
    expect(await planned(big)).toHaveLength(95);
  });

  it('holds, for a partner that asks for it, what was settled from that day on, by the day of the branch', async () => {
    /** Ten in the evening of the 21st in São Paulo. */
    class Evening extends SystemClock {
      override now(): Date {
        return new Date('2026-11-22T01:00:00Z');
      }
    }
    const charges = { discount: '0.00', fine: '0.00', interest: '0.00' };
    const sample = sampleOf('erp.receivable.snapshot.v1') as ReceivableEvent;
    const days = ['2026-10-21', '2026-10-22', '2026-11-20'];
    const events = days.map((date, n) => {
      const settlements = [{ id: 's1', date, amount: '1.00', ...charges }];
      const data = { ...sample.data, receivableId: date, company: '1', status: 'settled' as const, settlements };
      return { event: { ...sample, id: randomUUID(), company: '1', data }, position: BigInt(n + 1) };
    });
    await inTransaction(shop.pool, (client) => applyReceivables(client, events));
    const integration = await begin('1');
    const { engine, planner } = room;
    const { pool, registry } = shop;
    const loads = new Loads({ pool, clock: new Evening(), engine, planner, registry, settledDays: 30 });
    await knockUntilThrough(loads, integration);
    expect(await planned(integration)).toEqual(['2026-10-22', '2026-11-20']);
  });

  it('leaves out what moved after its integration was ready, and waits for nobody’s lock on another title', async () => {
    await titles('1', 20);
    const integration = await begin('1');
    const sample = sampleOf('erp.receivable.adjusted.v1') as ReceivableEvent;
    const data = { ...sample.data, company: '1', receivableId: '0003', sequence: 99 };
    const position = 10_000n;
    const moved = { event: { ...sample, id: randomUUID(), company: '1', data }, position };
    await inTransaction(shop.pool, (client) => applyReceivables(client, [moved]));
    await knockUntilThrough(replica(), integration);
    expect(await planned(integration)).toEqual(numbers(20).filter((title) => title !== '0003'));
  });
});
