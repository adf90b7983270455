import { Injectable } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import {
  delivered,
  refusedUntil,
  sampleOf,
  unavailable,
  type Outcome,
  type ReceivableChanged,
  type ReceivableStatus,
} from '#libs/contracts';
import { ensureEndpoints, type DeliveryEngine } from '#libs/delivery';
import { PartnerEndpoints } from '#libs/partner';
import { applyReceivables, type PlacedEvent } from '#libs/receivables';
import { inTransaction, Secret, SystemClock } from '#libs/runtime';
import { readKeyRing, SecretBox, type Integration } from '#libs/settings';
import { eventually } from '#libs/testing';
import { ShopSettings } from '../test/shop-connector.js';
import { eventOf, openShop, type Shop } from '../test/shop-database.js';
import type { Call } from './call.js';
import { Connector, Deliver, definitionOf, Load, Plan, plan, type Planned } from './definition.js';
import { EngineRoom } from './engine-room.js';
import type { PartnerSettings } from './partner-settings.js';
import { ReconciliationBook, type Item } from './reconciliation-book.js';
import { ReconciliationClerk } from './reconciliation-clerk.js';
import { repair } from './reconciliation-repair.js';
import { readOnePage } from './reconciliation-steps.js';
import { Reconcile, reconcilerOf, type HeldPage } from './reconciliation.js';

const PER_PAGE = 2;

/** A partner that keeps what it is told in memory; `shelf` of the spec is what it holds. */
@Injectable()
@Connector({ name: 'shop', settings: ShopSettings })
class ShelfConnector {
  readonly shelf = new Map<string, string>();
  readonly pagesRead: number[] = [];
  restUntil?: Date;
  /** Before the page is read. */
  onPage: (page: number) => Outcome | undefined = () => undefined;

  @Plan('erp.receivable.*.v1')
  planMovement(): Planned {
    return [plan('title.put', { lane: 'unused', body: {} })];
  }

  @Load()
  planTitle({ receivableId, status, amount }: ReceivableChanged): Planned {
    const lane = `receivable/${receivableId}`;
    if (status === 'deleted') return [plan('title.delete', { lane, body: { id: receivableId } })];
    return [plan('title.put', { lane, body: { id: receivableId, amount } })];
  }

  @Deliver('title.put')
  async put({ id, amount }: { id: string; amount: string }): Promise<Outcome> {
    if (amount === '13.00') return refusedUntil('client/1', 'the client is not there');
    this.shelf.set(id, amount);
    return delivered();
  }

  @Deliver('title.delete')
  async delete({ id }: { id: string }): Promise<Outcome> {
    this.shelf.delete(id);
    return delivered();
  }

  @Reconcile({
    expected: ({ receivableId, status, amount }) => {
      if (amount === '66.00') throw new Error('amounts of 66 cannot be told');
      return { externalId: receivableId, ...(status !== 'deleted' && { fields: { amount } }) };
    },
    every: () => 'weekly',
  })
  async readShelf(page: number, _call: Call<ShopSettings>): Promise<HeldPage | Outcome> {
    const instead = this.onPage(page);
    if (instead) return instead;
    this.pagesRead.push(page);
    const all = [...this.shelf].toSorted().map(([externalId, amount]) => ({ externalId, fields: { amount } }));
    return {
      rows: all.slice((page - 1) * PER_PAGE, page * PER_PAGE),
      pages: Math.ceil(all.length / PER_PAGE),
      total: all.length,
      ...(this.restUntil && { restUntil: this.restUntil }),
    };
  }
}

describe('a reconciliation', () => {
  const clock = new SystemClock();
  let shop: Shop;
  let connector: ShelfConnector;
  let partners: PartnerEndpoints;
  let room: EngineRoom;
  let book: ReconciliationBook;
  let integration: Integration<PartnerSettings>;
  let engine: DeliveryEngine;

  beforeEach(async () => {
    shop = await openShop(clock);
    partners = new PartnerEndpoints({ clock });
    connector = new ShelfConnector();
    const box = new SecretBox(readKeyRing(new Secret(`k1:${randomBytes(32).toString('base64')}`)));
    const { pool, registry } = shop;
    const definition = definitionOf(ShelfConnector);
    const settings = shop.newBook();
    room = new EngineRoom({
      definition,
      connector,
      box,
      replica: 'r1',
      pool,
      clock,
      registry,
      book: settings,
      partners,
    });
    engine = room.engine;
    book = new ReconciliationBook(pool);
    await engine.prepare();
    integration = await shop.save('1');
    await settings.open();
    const { id, source, company } = integration;
    await ensureEndpoints(pool, { integrationId: id, source, company, groups: ['default'], concurrency: 4 });
  });

  afterEach(async () => {
    await engine.stop();
    await partners.close();
    await shop.close();
  });

  const clerk = () => {
    const { pool, registry } = shop;
    const reconciler = reconcilerOf(ShelfConnector)!;
    return new ReconciliationClerk({
      pool,
      clock,
      registry,
      book,
      engine,
      courier: room.courier,
      connector,
      reconciler,
    });
  };

  /** In the read model, as if its event had come before. */
  async function know(title: string, amount: string, status: ReceivableStatus = 'open', branch = '1') {
    const { rows } = await shop.pool.query(`select nextval('position')::text as position`);
    const event = eventOf('erp.receivable.opened.v1', { title, branch });
    event.data = { ...event.data, amount, status };
    const placed = { event, position: BigInt(rows[0].position) } as PlacedEvent;
    await inTransaction(shop.pool, (client) => applyReceivables(client, [placed]));
  }

  async function planAgain(title: string, amount: string) {
    const data = { ...sampleOf('erp.receivable.opened.v1').data, receivableId: title, amount };
    const plans = [{ integrationId: integration.id, deliveries: room.planner.planTitle(integration, data) }];
    const cause = { source: integration.source, company: '1', subject: `receivable/${title}` };
    await inTransaction(shop.pool, (client) => engine.schedule(client, [{ cause, plans }]));
  }

  async function reconcile() {
    const id = await clerk().start(integration.id, 'ana');
    await clerk().workOne();
    return { id: id!, report: (await book.read(id!))!, items: await itemsOf(id!) };
  }

  async function itemsOf(id: string): Promise<Partial<Item>[]> {
    const rows = await book.items(id, { after: '0', kind: null, limit: 100 });
    return rows.map(({ kind, receivableId, externalId, fields, expected, held }) => ({
      kind,
      of: receivableId ?? externalId,
      ...(kind === 'different' && { fields, expected, held }),
    })) as Partial<Item>[];
  }

  const fix = (id: string, kinds: ('missing' | 'different' | 'extra')[]) =>
    repair({ pool: shop.pool, engine, planTitle: (one, title) => room.planner.planTitle(one, title) }, integration, {
      reconciliationId: id,
      kinds,
      by: 'ana',
    });

  it('lists what is missing, extra and different, with both values, and nothing that is right', async () => {
    for (const [title, amount] of [
      ['A', '1.00'],
      ['B', '2.00'],
      ['C', '3.00'],
      ['D', '66.00'],
    ] as const)
      await know(title, amount);
    await know('E', '5.00', 'deleted');
    connector.shelf.set('A', '1.00').set('B', '2.50').set('E', '5.00').set('X', '9.00').set('Y', '9.00');
    const { report, items } = await reconcile();
    expect(report).toMatchObject({ state: 'finished', titles: 5, held: 5, startedBy: 'ana', reason: null });
    expect(connector.pagesRead).toEqual([1, 2, 3]);
    expect(items).toEqual([
      { kind: 'different', of: 'B', fields: ['amount'], expected: { amount: '2.00' }, held: { amount: '2.50' } },
      { kind: 'missing', of: 'C' },
      { kind: 'inexpressible', of: 'D' },
      { kind: 'extra', of: 'E' },
      { kind: 'extra', of: 'X' },
      { kind: 'extra', of: 'Y' },
    ]);
  });

  it('leaves the titles of a branch to its own integration, and calls none of them extra', async () => {
    await know('A', '1.00');
    await know('B', '2.00', 'open', '77');
    await know('C', '2.00', 'open', '77');
    await shop.save('1', { branch: '77' });
    connector.shelf.set('A', '1.50').set('B', '2.00');
    expect(await reconcile()).toMatchObject({ items: [{ kind: 'different', of: 'A' }] });
  });

  it('does not miss what was settled before anything was ever sent', async () => {
    await know('A', '1.00', 'settled');
    await know('B', '1.00', 'canceled');
    expect((await reconcile()).items).toEqual([]);
  });

  it('calls what is on its way, waits for a person, or moved meanwhile in flight, and not missing', async () => {
    for (const [title, amount] of [
      ['A', '1.00'],
      ['B', '13.00'],
      ['C', '3.00'],
    ] as const)
      await know(title, amount);
    await planAgain('B', '13.00');
    engine.start();
    await eventually(async () => expect((await engine.deliveries.counts()).parked).toBe(1));
    await engine.stop();
    await planAgain('A', '1.00');
    const id = (await clerk().start(integration.id, 'ana'))!;
    await know('D', '3.00');
    await clerk().workOne();
    expect(await itemsOf(id)).toEqual([
      { kind: 'in-flight', of: 'A' },
      { kind: 'in-flight', of: 'B' },
      { kind: 'missing', of: 'C' },
      { kind: 'in-flight', of: 'D' },
    ]);
    const reasons = (await book.items(id, { after: '0', kind: 'in-flight', limit: 9 })).map(({ reason }) => reason);
    expect(reasons).toEqual([
      expect.stringContaining('a caminho'),
      expect.stringContaining('pessoa'),
      expect.stringContaining('mudou'),
    ]);
  });

  it('repairs by ordinary deliveries what is asked for, once', async () => {
    await know('A', '1.00');
    await know('B', '2.00');
    await know('E', '5.00', 'deleted');
    connector.shelf.set('B', '2.50').set('E', '5.00').set('X', '9.00');
    const { id } = await reconcile();
    engine.start();
    expect(await fix(id, ['missing', 'different'])).toBe(2);
    expect(await fix(id, ['missing', 'different'])).toBe(0);
    const shelf = () => Object.fromEntries(connector.shelf);
    await eventually(async () => expect(shelf()).toEqual({ A: '1.00', B: '2.00', E: '5.00', X: '9.00' }));
    expect(await fix(id, ['extra'])).toBe(1);
    await eventually(async () => expect(shelf()).toEqual({ A: '1.00', B: '2.00', X: '9.00' }));
    expect((await engine.deliveries.counts()).parked).toBe(0);
    connector.shelf.delete('X');
    expect((await reconcile()).items).toEqual([]);
  });

  it('goes on at the page where whoever worked on it died', async () => {
    for (const title of ['A', 'B', 'C', 'D', 'E']) {
      await know(title, '1.00');
      connector.shelf.set(title, '1.00');
    }
    const id = (await clerk().start(integration.id, 'ana'))!;
    const dying = (await book.take())!;
    const steps = { pool: shop.pool, book, connector, reconciler: reconcilerOf(ShelfConnector)! };
    await readOnePage(steps, dying, {} as Call<PartnerSettings>);
    const onPage2 = (await inTransaction(shop.pool, (client) => book.lockOurs(client, dying)))!;
    await readOnePage(steps, onPage2, {} as Call<PartnerSettings>);

    await clerk().workOne();
    expect((await book.read(id))!.state).toBe('reading');
    await shop.pool.query('update reconciliation set lease_until = clock_timestamp()');
    await clerk().workOne();
    expect(connector.pagesRead).toEqual([1, 2, 3]);
    expect(await book.read(id)).toMatchObject({ state: 'finished', titles: 5 });
    expect(await itemsOf(id)).toEqual([]);
    expect(await readOnePage(steps, onPage2, {} as Call<PartnerSettings>)).toEqual({ kind: 'lost' });
  });

  it('reads from the first page again when rows were deleted while it read', async () => {
    for (const title of ['A', 'B', 'C', 'D']) {
      await know(title, '1.00');
      connector.shelf.set(title, '1.00');
    }
    connector.shelf.set('0', '1.00');
    connector.onPage = (page) => {
      if (page === 2) connector.shelf.delete('0');
      return undefined;
    };
    const { items } = await reconcile();
    expect(items).toEqual([{ kind: 'extra', of: '0' }]);
    expect(connector.pagesRead).toEqual([1, 2, 1, 2]);
  });

  it('stands still with the partner, and goes on after', async () => {
    const until = new Date(Date.now() + 60_000);
    const pause = { reason: 'rate-limit' as const, until, detail: '60 a minute' };
    connector.onPage = () => unavailable('HTTP 429', { retryAt: until, pause });
    const { id, report } = await reconcile();
    expect(report).toMatchObject({ state: 'reading', reason: 'HTTP 429', waitUntil: until });
    expect(await engine.endpoints.standing()).toMatchObject([{ reason: 'rate-limit' }]);
    connector.onPage = () => undefined;
    await shop.pool.query('update reconciliation set wait_until = null');
    await clerk().workOne();
    expect((await book.read(id))!.reason).toBe('rate-limit: 60 a minute');
    await engine.endpoints.resume((await engine.endpoints.standing())[0]!.endpointId, 'rate-limit', 'ana');
    await shop.pool.query('update reconciliation set wait_until = null');
    await clerk().workOne();
    expect(await book.read(id)).toMatchObject({ state: 'finished', reason: null });
  });

  it('tries a broken partner out when nothing else would', async () => {
    const [endpointId] = await engine.endpoints.ofIntegration(integration.id);
    await engine.endpoints.pause(endpointId!, { reason: 'breaker', detail: 'too often', setBy: 'r1' });
    const probeNow = () =>
      shop.pool.query(
        `with w as (update reconciliation set wait_until = null) update endpoint_pause set probe_at = now() - interval '1 s'`,
      );
    const { id, report } = await reconcile();
    expect(report).toMatchObject({ state: 'reading', page: 1, reason: 'breaker: too often' });
    connector.onPage = () => unavailable('HTTP 503');
    await probeNow();
    await clerk().workOne();
    const [standing] = await engine.endpoints.standing();
    expect(standing!.probeAt!.getTime()).toBeGreaterThan(Date.now() + 30_000);
    connector.onPage = () => undefined;
    await probeNow();
    await clerk().workOne();
    expect(await book.read(id)).toMatchObject({ state: 'finished' });
    expect(await engine.endpoints.standing()).toEqual([]);
  });

  it('fails, and says why, when its connector cannot read what came', async () => {
    connector.onPage = () => {
      throw new TypeError('rows is not iterable');
    };
    expect((await reconcile()).report).toMatchObject({
      state: 'failed',
      reason: 'a mistake of ours: rows is not iterable',
    });
    connector.onPage = () => undefined;
    expect((await reconcile()).report.state).toBe('finished');
  });

  it('leaves what is left of the rate limit to the deliveries', async () => {
    const restUntil = new Date(Date.now() + 60_000);
    for (const title of ['A', 'B', 'C']) connector.shelf.set(title, '1.00');
    connector.restUntil = restUntil;
    const { id, report } = await reconcile();
    expect(report).toMatchObject({ state: 'reading', page: 2, reason: null, waitUntil: restUntil });
    await shop.pool.query('update reconciliation set wait_until = null');
    connector.restUntil = undefined;
    await clerk().workOne();
    expect(await book.read(id)).toMatchObject({ state: 'finished', held: 3 });
  });

  it('is one at a time for each integration, and starts by itself once a period', async () => {
    expect(await clerk().start(integration.id, 'ana')).toBeDefined();
    expect(await clerk().start(integration.id, 'rui')).toBeUndefined();
    await clerk().workOne();
    await Promise.all([clerk().startDue(), clerk().startDue()]);
    expect(await book.list(integration.id, null, 10)).toHaveLength(1);
    await shop.pool.query(`update reconciliation set started_at = now() - interval '8 days'`);
    await Promise.all([clerk().startDue(), clerk().startDue()]);
    expect(await book.list(integration.id, null, 10)).toMatchObject([{ startedBy: 'ponte' }, { startedBy: 'ana' }]);
  });
});
