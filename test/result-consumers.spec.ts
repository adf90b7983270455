import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type Channel, type ChannelModel, type ConfirmChannel } from 'amqplib';
import { publisherTopology, DEAD_LETTERS, PONTE_EVENTS } from '#libs/broker';
import { sampleOutcomeOf, writeEvent } from '#libs/contracts';
import { eventually, findTestStack, privateVhost, type PrivateVhost } from '#libs/testing';
import { findPythonWithPika } from '../tools/stack/python-pika.ts';

const examples = join(process.cwd(), 'docs', 'examples');
const guide = readFileSync(join(process.cwd(), 'docs', 'erp-guide.md'), 'utf8');
const pika = await findPythonWithPika();

/** As the guide calls them; the user is one per run, the others live in a vhost of this test's own. */
const GUIDE_USER = 'erp-acme-results';
const QUEUE = 'erp-acme.results';
const DEAD = 'erp-acme.results.dead';
const NAME = `${GUIDE_USER}-${randomBytes(4).toString('hex')}`;
const PASSWORD = randomBytes(12).toString('hex');
const PATIENTLY = { withinMs: 60_000 };

let vhost: PrivateVhost;
let folder: string;
let broker: ChannelModel;
let channel: ConfirmChannel;
let consumerUrl: string;

beforeAll(async () => {
  vhost = await privateVhost();
  folder = mkdtempSync(join(tmpdir(), 'ponte-results-'));
  broker = await connect(vhost.amqpUrl);
  channel = await broker.createConfirmChannel();
  // What stands once Ponte's apps have started.
  for (const exchange of publisherTopology().exchanges)
    await channel.assertExchange(exchange, 'topic', { durable: true });
  await channel.assertExchange(DEAD_LETTERS, 'direct', { durable: true });
  for (const line of linesOfTheGuide()) await runLine(line);
  await channel.consume(DEAD, (letter) => letter && dead.push(letter.content.toString()), { noAck: true });
  consumerUrl = Object.assign(new URL(vhost.amqpUrl), { username: NAME, password: PASSWORD }).href;
}, 120_000);

afterAll(async () => {
  await broker.close();
  await ask('DELETE', `users/${NAME}`);
  await vhost.drop();
  rmSync(folder, { recursive: true });
});

/** The commands of the guide's block that makes the queue, one per line. */
function linesOfTheGuide(): string[] {
  const block = guide.split('```').find((text) => text.includes(`rabbitmqctl add_user ${GUIDE_USER}`));
  return (block ?? '').split('\n').filter((line) => line.startsWith('rabbitmq'));
}

/** Does what the command would do, in this test's vhost, by the management API behind both tools. */
async function runLine(line: string): Promise<void> {
  const words = [...line.matchAll(/(\w+=)?'([^']*)'|\S+/g)].map(([word, name, quoted]) =>
    quoted === undefined ? word : `${name ?? ''}${quoted}`,
  );
  const [tool, ...rest] = words;
  const args = rest.filter((word, at) => !['-p', '-V'].includes(word) && !['-p', '-V'].includes(rest[at - 1] ?? ''));
  const here = encodeURIComponent(vhost.vhost);
  const option = (name: string) => args[args.indexOf(`--${name}`) + 1]!;
  const field = (name: string) => args.find((word) => word.startsWith(`${name}=`))!.slice(name.length + 1);
  const what = tool === 'rabbitmqctl' ? args[0] : args.slice(0, 2).join(' ');
  switch (what) {
    case 'add_user':
      return ask('PUT', `users/${NAME}`, { password: PASSWORD, tags: '' });
    case 'set_permissions': {
      const [configure, write, read] = args.slice(2);
      return ask('PUT', `permissions/${here}/${NAME}`, { configure, write, read });
    }
    case 'set_policy': {
      const [name, pattern, definition] = args.slice(-3) as [string, string, string];
      const body = {
        pattern,
        definition: JSON.parse(definition),
        priority: Number(option('priority')),
        'apply-to': option('apply-to'),
      };
      return ask('PUT', `policies/${here}/${name}`, body);
    }
    case 'declare queue':
      return ask('PUT', `queues/${here}/${field('name')}`, {
        durable: true,
        arguments: JSON.parse(field('arguments')),
      });
    case 'declare binding': {
      const path = `bindings/${here}/e/${field('source')}/q/${field('destination')}`;
      return ask('POST', path, { routing_key: field('routing_key') });
    }
    default:
      throw new Error(`the guide has a line this test cannot run: ${line}`);
  }
}

async function ask(method: string, path: string, body?: object): Promise<void> {
  const { origin, username, password } = new URL(findTestStack().adminManagementUrl);
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const headers = { authorization, 'content-type': 'application/json' };
  const answer = await fetch(`${origin}/api/${path}`, { method, headers, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error(`RabbitMQ refused ${method} ${path}: HTTP ${answer.status} ${await answer.text()}`);
}

/** A result of a type the guide's queue is bound to. */
async function publish(id: string): Promise<void> {
  const outcome = { ...sampleOutcomeOf('delivery.parked.v1'), id };
  const { content, properties, routingKey } = writeEvent(outcome);
  channel.publish(PONTE_EVENTS, routingKey, content, { ...properties, persistent: true });
  await channel.waitForConfirms();
}

interface Consumer {
  process: ChildProcess;
  said(): string[];
}

const running: Consumer[] = [];
/** What was rejected, taken as it comes. */
const dead: string[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map(end));
  // What a consumer had not acknowledged when it was killed comes back, and is no business of the next test.
  await eventually(async () => expect((await channel.checkQueue(QUEUE)).consumerCount).toBe(0), PATIENTLY);
  await channel.purgeQueue(QUEUE);
  dead.length = 0;
});

function start(command: string, script: string, database: string): Consumer {
  const env = { ...process.env, AMQP_URL: consumerUrl, QUEUE, DATABASE: database };
  const child = spawn(command, [join(examples, script)], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const consumer = { process: child, said: () => text.split('\n').slice(0, -1) };
  running.push(consumer);
  return consumer;
}

async function end({ process: child }: Consumer): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

function idsIn(database: string): string[] {
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite');
  const open = new DatabaseSync(database, { readOnly: true });
  const rows = open.prepare('select id from result order by rowid').all();
  open.close();
  return rows.map(({ id }) => String(id));
}

const EXAMPLES = [
  { language: 'node', command: process.execPath, script: 'consume-results.mjs' },
  ...('python' in pika ? [{ language: 'python', command: pika.python, script: 'consume_results.py' }] : []),
];

describe.each(EXAMPLES)('the $language example of the guide', ({ command, language, script }) => {
  it('takes each result once, knows what comes again, and sends what it cannot read to the dead letters', async () => {
    const database = join(folder, `${language}-once.db`);
    const ids = [randomUUID(), randomUUID()];
    const consumer = start(command, script, database);
    await publish(ids[0]!);
    await publish(ids[0]!);
    channel.publish(PONTE_EVENTS, 'customerx.delivery.parked.v1', Buffer.from('{"id": 7'), { persistent: true });
    await publish(ids[1]!);
    const type = 'customerx.delivery.parked.v1';
    const told = [`took ${type} ${ids[0]}`, `knew ${type} ${ids[0]}`, 'rejected', `took ${type} ${ids[1]}`];
    await eventually(() => expect(consumer.said()).toEqual(told), PATIENTLY);
    expect(idsIn(database)).toEqual(ids);
    await eventually(() => expect(dead).toEqual(['{"id": 7']), PATIENTLY);
    expect((await channel.checkQueue(QUEUE)).messageCount).toBe(0);
  });

  it('killed in the middle, takes the rest in its order when it is started again, and nothing twice', async () => {
    const database = join(folder, `${language}-killed.db`);
    const ids = Array.from({ length: 200 }, () => randomUUID());
    for (const id of ids) await publish(id);
    const killed = start(command, script, database);
    await eventually(() => killed.said().length > 20, { ...PATIENTLY, everyMs: 1 });
    await end(killed);
    const next = start(command, script, database);
    await eventually(() => next.said().some((line) => line.includes(ids.at(-1)!)), PATIENTLY);
    expect(idsIn(database)).toEqual(ids);
    await eventually(async () => expect((await channel.checkQueue(QUEUE)).messageCount).toBe(0), PATIENTLY);
  });

  it('stands in the guide as it was run here', () => {
    expect(guide).toContain(readFileSync(join(examples, script), 'utf8').trim());
  });
});

// oxlint-disable-next-line jest/no-disabled-tests -- without Python's client the Node example is run alone, and this says so
if ('lacks' in pika) it.skip(`the python example of the guide was left out: ${pika.lacks}`, () => undefined);

describe('the user of the guide', () => {
  it.each<[string, (channel: ConfirmChannel) => Promise<unknown>]>([
    ['declares no queue', (own) => own.assertQueue('mine')],
    ['reads no other queue', (own) => own.consume(DEAD, () => undefined)],
    ['binds its queue to nothing else', (own) => own.bindQueue(QUEUE, PONTE_EVENTS, '#')],
    ['purges nothing of others', (own) => own.purgeQueue(DEAD)],
    ['deletes not even its own queue', (own) => own.deleteQueue(QUEUE)],
    ['says nothing', (own) => say(own, PONTE_EVENTS, 'deps.credit-limit.decided.v1')],
    ['puts nothing into a queue by its name', (own) => say(own, '', QUEUE)],
  ])('%s', async (_what, attempt) => {
    await expect(asConsumer(attempt)).rejects.toThrow(/ACCESS_REFUSED/);
  });
});

async function say(own: ConfirmChannel, exchange: string, routingKey: string): Promise<void> {
  own.publish(exchange, routingKey, Buffer.from('{}'));
  await own.waitForConfirms();
}

/** @throws what the broker said when it closed the channel */
async function asConsumer(work: (channel: ConfirmChannel) => Promise<unknown>): Promise<void> {
  const connection = await connect(consumerUrl);
  connection.on('error', () => undefined);
  const own = await connection.createConfirmChannel();
  const refused = new Promise<never>((_resolve, reject) => (own as Channel).on('error', reject));
  try {
    await Promise.race([work(own), refused]);
  } finally {
    refused.catch(() => undefined);
    await connection.close();
  }
}
