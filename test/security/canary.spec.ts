import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sampleOf, writeEvent } from '#libs/contracts';
import { eventually } from '#libs/testing';
import { SOURCE, World, type AppName } from '../world/world.ts';
import { columnsWithTraces, PERSON, SECRETS, tap, tracesIn } from './canary-sinks.ts';
import type { ApiDocument } from './http-fuzz.ts';

const PRODUCT = ['customerx-connector', 'erp-outbox-reader', 'audit'] as const;

/** What keeps what is sent, because it must be sent: each is named here, and nothing else may hold a trace in plain. */
const PAYLOAD_STORES = ['customerx.delivery.body', 'customerx.delivery_settled.body', 'customerx.receivable.data'];

const amqpUrl = () => world.settingsOf('audit').AMQP_URL!;
const WITHIN = { withinMs: 120_000, everyMs: 250 };

let world: World;
let partner: Server;
let events: Awaited<ReturnType<typeof tap>>;
let outcomes: Awaited<ReturnType<typeof tap>>;
let operator: string;
let asked = 0;

/** Repeats everything it knows in its refusal, as some do. */
const ECHO = JSON.stringify({
  message: `${PERSON.email} ${PERSON.phone} CPF 529.982.247-25 (${PERSON.cpf}), CNPJ 12.ABC.345/01DE-35: token ${SECRETS.token} x`,
});

beforeAll(async () => {
  partner = createServer((request, response) => {
    asked += 1;
    const status = request.url!.includes('AWAY') ? 503 : request.url!.includes('REFUSED') ? 422 : 200;
    response.writeHead(status, { 'content-type': 'application/json', 'x-request-id': PERSON.cpf });
    response.end(status === 200 ? '{"id":1}' : ECHO);
  });
  partner.listen(0, '127.0.0.1');
  await once(partner, 'listening');
  const loud = { LOG_LEVEL: 'trace', HTTP_DOCS: 'true' };
  world = await World.prepare({ environment: Object.fromEntries(PRODUCT.map((app) => [app, loud])) });
  await world.startAll();
  operator = await world.tokenFor('operator');
  events = await tap(amqpUrl(), 'erp.events');
  outcomes = await tap(amqpUrl(), 'ponte.events');
  const baseUrl = `http://127.0.0.1:${(partner.address() as AddressInfo).port}`;
  const tracking = {
    tracking: 'per-settlement',
    trackerUrl: baseUrl,
    credential: SECRETS.credential,
    key: SECRETS.key,
  };
  const settings = { baseUrl, token: SECRETS.token, attempts: 2, ...tracking };
  await world.integrate({ company: '1', account: 'one', settings });
  await sendTheCanary();
}, 300_000);
afterAll(async () => {
  await events?.close();
  await outcomes?.close();
  await world?.close();
  partner.closeAllConnections();
  partner.close();
}, 60_000);

function messageOf(title: string, document: string, personType: 'F' | 'J', more: object = {}) {
  const event = sampleOf('erp.receivable.opened.v1');
  const { name, email, phone } = PERSON;
  const customer = { ...event.data.customer, personType, document, name, email, phone };
  const whose = { id: randomUUID(), source: SOURCE, time: new Date().toISOString(), company: '1' };
  const data = { ...event.data, company: '1', receivableId: title, number: title, customer, ...more };
  return writeEvent({ ...event, ...whose, subject: `receivable/${title}`, data } as typeof event);
}

/** Delivered, refused with everything repeated, contradicting itself, unreadable, of no known type, and unavailable. */
async function sendTheCanary(): Promise<void> {
  const send = ({ content, properties }: ReturnType<typeof messageOf>, headers: object = {}) =>
    events.publish('erp.receivable.opened.v1', content, {
      ...properties,
      headers: { ...properties.headers, ...headers },
    });
  const lastError = { 'x-last-error': JSON.stringify(PERSON) };
  send(messageOf('GOOD', PERSON.cpf, 'F'));
  send(messageOf('REFUSED', PERSON.cnpj, 'J'));
  send(messageOf('CONTRADICTS', PERSON.cpf, 'F', { openAmount: '1.00' }), lastError);
  send(messageOf('WRONG', PERSON.cpf, 'F', { dueDate: PERSON.name, [PERSON.email]: PERSON.phone }));
  events.publish('erp.receivable.opened.v1', Buffer.from(`{"customer":${JSON.stringify(PERSON)}`), {
    headers: lastError,
  });
  const { content } = messageOf('UNKNOWN', PERSON.cpf, 'F');
  const unknown = content.toString().replace('erp.receivable.opened.v1', 'erp.receivable.invented.v1');
  events.publish('erp.receivable.invented.v1', Buffer.from(unknown), { contentType: 'application/cloudevents+json' });
  await found('/deliveries?settled=true&subject=receivable/GOOD', 1);
  await found('/deliveries?state=parked', 1);
  await found('/parked-events', 4);
  send(messageOf('AWAY', PERSON.cpf, 'F'));
  await eventually(async () => {
    const [away] = await found('/deliveries?subject=receivable/AWAY', 1);
    if (!away!.reason) throw new Error('it was not tried yet');
  }, WITHIN);
}

interface Item {
  id?: string;
  position?: string;
  reason?: string;
}

function found(list: string, atLeast: number): Promise<Item[]> {
  return eventually(async () => {
    const { items } = await world.ask<{ items: Item[] }>('customerx-connector', 'GET', list);
    if (items.length < atLeast) throw new Error(`${list} has ${items.length} of ${atLeast}`);
    return items;
  }, WITHIN);
}

async function text(app: AppName, path: string, init: RequestInit = {}): Promise<string> {
  const headers = { authorization: `Bearer ${operator}`, 'content-type': 'application/json' };
  const answer = await fetch(`${world.httpUrl(app)}${path}`, { ...init, headers });
  return `${JSON.stringify([...answer.headers])} ${await answer.text()}`;
}

/** Every list and every single thing there is to be read, by somebody who may not unmask. */
async function everythingReadable(app: AppName): Promise<[where: string, said: string][]> {
  const document = (await (await fetch(`${world.httpUrl(app)}/docs/openapi.json`)).json()) as ApiDocument;
  const reads = Object.keys(document.paths).filter((path) => document.paths[path]!.get);
  const seen: [string, string][] = [];
  for (const path of reads.filter((one) => !one.includes('{'))) seen.push([`${app} ${path}`, await text(app, path)]);
  for (const path of reads.filter((one) => one.includes('{') && !one.endsWith('/body') && !one.endsWith('/content'))) {
    const [list] = path.split('/{');
    const listed = seen.find(([where]) => where === `${app} ${list}`)?.[1] ?? '';
    const ids = [...listed.matchAll(/"(?:id|position)":"(\d+)"/g)].map(([, id]) => id!);
    for (const id of new Set(ids)) seen.push([`${app} ${path} ${id}`, await text(app, path.replace(/\{\w+\}/, id))]);
  }
  return seen;
}

it('was there: the partner was asked, and the payload stores hold what was to be sent', async () => {
  expect(asked).toBeGreaterThan(2);
  const revealed = await world.ask<{ items: { id: string }[] }>('audit', 'GET', `/entries?document=${PERSON.cpf}`);
  expect(revealed.items.length).toBeGreaterThan(0);
  expect(tracesIn('erp.events', events.heard.map(({ content }) => content).join()).length).toBeGreaterThan(5);
});

it('is in no answer to somebody without the right to unmask', async () => {
  const seen = [...(await everythingReadable('customerx-connector')), ...(await everythingReadable('audit'))];
  seen.push(...(await everythingReadable('erp-outbox-reader')));
  expect(seen.length).toBeGreaterThan(30);
  expect(seen.flatMap(([where, said]) => tracesIn(where, said))).toEqual([]);
});

it('is in no problem answer to who sent it by mistake', async () => {
  const mistakes: [AppName, string, RequestInit?][] = [
    ['customerx-connector', `/nowhere/${PERSON.cpf.slice(0, 3)}?document=${PERSON.cpf}`],
    [
      'customerx-connector',
      '/integrations',
      { method: 'PUT', body: JSON.stringify({ name: PERSON, settings: SECRETS }) },
    ],
    ['customerx-connector', '/redrives', { method: 'POST', body: JSON.stringify({ filter: { subject: PERSON } }) }],
    ['customerx-connector', '/integrations', { method: 'PUT', body: `{"token":"${SECRETS.token}",` }],
    ['customerx-connector', '/integrations', { method: 'PUT', body: SECRETS.token }],
    ['audit', `/entries?document=${PERSON.cpf}x`],
    ['audit', `/entries?from=${encodeURIComponent(PERSON.email)}`],
  ];
  for (const [app, path, init] of mistakes) {
    expect(tracesIn(`${app} ${path}`, await text(app, path, init))).toEqual([]);
  }
});

it('is in no outcome event, and in no header of any message', () => {
  expect(outcomes.heard.length).toBeGreaterThan(4);
  expect(outcomes.heard.flatMap(({ headers, content }) => tracesIn('ponte.events', headers + content))).toEqual([]);
});

it('is in no log line of any app, at its loudest, and neither is a password or a token of ours', async () => {
  const ours = [world.token, operator, ...PRODUCT.flatMap((app) => passwordsOf(app))];
  for (const app of PRODUCT) {
    const lines = world.app(app).logs();
    expect(lines.length).toBeGreaterThan(2);
    expect(tracesIn(`log of ${app}`, lines.join('\n'), ours)).toEqual([]);
  }
});

function passwordsOf(app: AppName): string[] {
  return [world.databaseUrl(app), amqpUrl()].map((url) => new URL(url).password);
}

it('is in no metric and no health answer', async () => {
  for (const app of PRODUCT) {
    for (const path of ['/metrics', '/health/live', '/health/ready']) {
      const said = await (await fetch(`${world.opsUrl(app)}${path}`)).text();
      expect(tracesIn(`${app} ${path}`, said, passwordsOf(app))).toEqual([]);
    }
  }
});

it('stands in plain in no column but those of the payload stores', async () => {
  const found = await columnsWithTraces(world.databaseUrl('audit'));
  expect(found).toContain('customerx.receivable.data');
  expect(found.filter((column) => !PAYLOAD_STORES.includes(column))).toEqual([]);
});
