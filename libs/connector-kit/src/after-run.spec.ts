import { afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { Injectable, Logger } from '@nestjs/common';
import { delivered, type Outcome } from '#libs/contracts';
import { ensureEndpoints, LOCK_ALL_EPOCHS, type FinishedRun } from '#libs/delivery';
import { PartnerEndpoints } from '#libs/partner';
import { inTransaction, Secret, SystemClock } from '#libs/runtime';
import { readKeyRing, SecretBox, type Integration } from '#libs/settings';
import { eventually } from '#libs/testing';
import { ShopConnector, ShopSettings } from '../test/shop-connector.js';
import { openShop, SETTINGS_KEYS, type Shop } from '../test/shop-database.js';
import { AfterRun, Connector, definitionOf, Deliver, plan, type Planned } from './definition.js';
import { EngineRoom } from './engine-room.js';
import type { PartnerSettings } from './partner-settings.js';

const clock = new SystemClock();
const told: string[] = [];

@Injectable()
@Connector({ name: 'shop', settings: ShopSettings })
class TellingConnector extends ShopConnector {
  @AfterRun()
  planRun({ runId, delivered: count }: FinishedRun, { shelf }: ShopSettings): Planned {
    if (shelf === 'broken') throw new Error('the shelf fell down');
    return [plan('run.tell', { lane: `run/${runId}`, body: { text: `${count} in run ${runId}` } })];
  }

  @Deliver('run.tell')
  async tell({ text }: { text: string }): Promise<Outcome> {
    told.push(text);
    return delivered();
  }

  @Deliver('title.sell')
  async sell(): Promise<Outcome> {
    return delivered();
  }
}

let shop: Shop;
let partners: PartnerEndpoints;
let room: EngineRoom;
let integration: Integration<PartnerSettings>;

beforeAll(() => Logger.overrideLogger(false));

beforeEach(async () => {
  told.splice(0);
  shop = await openShop(clock);
  partners = new PartnerEndpoints({ clock });
  const { pool, registry } = shop;
  const box = new SecretBox(readKeyRing(new Secret(SETTINGS_KEYS)));
  const parts = { connector: new TellingConnector(), box, replica: 'r1', pool, clock, registry };
  room = new EngineRoom({ ...parts, definition: definitionOf(TellingConnector), book: shop.newBook(), partners });
  await room.engine.prepare();
});

afterEach(async () => {
  await room.engine.stop();
  await partners.close();
  await shop.close();
});

/** With windows of two hours and two deliveries waiting. */
async function begin(settings: Record<string, unknown> = {}): Promise<void> {
  integration = await shop.save('1', { settings });
  const { id, source, company } = integration;
  await ensureEndpoints(shop.pool, { integrationId: id, source, company, groups: ['default'], concurrency: 4 });
  await inTransaction(shop.pool, async (client) => {
    await client.query(LOCK_ALL_EPOCHS);
    await room.engine.cadences.change(client, { integrationId: id, everySeconds: 7_200, zone: 'America/Sao_Paulo' });
    const deliveries = ['a', 'b'].map((lane) => plan('title.sell', { lane, body: {} }));
    const cause = { source, company, subject: 'receivable/a' };
    await room.engine.schedule(client, [{ cause, plans: [{ integrationId: id, deliveries }] }]);
  });
  room.engine.start();
}

async function windowComes(): Promise<void> {
  await shop.pool.query(`update cadence set next_at = now() - interval '1 second'`);
  await room.engine.cadences.tick();
}

/** Until the last run is over. */
const runs = (howMany: number) =>
  eventually(async () => {
    await room.engine.cadences.tick();
    const found = await room.engine.cadences.runs(integration.id, { limit: 10 });
    expect(found.filter(({ finishedAt }) => finishedAt)).toHaveLength(howMany);
    return found;
  });

it('What is planned of a run goes at once when it is over, and makes no run of its own', async () => {
  await begin();
  await windowComes();
  const [run] = await runs(1);
  await eventually(() => expect(told).toEqual([`2 in run ${run!.id}`]));
  await windowComes();
  await windowComes();
  expect(await runs(1)).toHaveLength(1);
  expect(told).toHaveLength(1);
});

it('A plan of a run that throws keeps no run from being over', async () => {
  await begin({ shelf: 'broken' });
  await windowComes();
  expect(await runs(1)).toMatchObject([{ delivered: 2 }]);
  expect(told).toEqual([]);
});
