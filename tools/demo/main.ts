/**
 * `npm run demo [-- --exit] [-- --history FILE.csv]`: a small ERP, Ponte and a simulated CustomerX, each a process of
 * its own, and a journey through them. Exit code 0 only when both sides agree and nothing is lost, doubled or out of
 * order.
 */
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { isEven } from '#libs/testing';
import { InboxWriter } from '../../test/world/inbox-writer.ts';
import { APPS, World } from '../../test/world/world.ts';
import { buildApps } from '../build.ts';
import { interruptedExitCode, interruption } from '../interruption.ts';
import { PrivateStack } from '../stack/stack.ts';
import { runCredit } from './credit.ts';
import { runHistory } from './history.ts';
import { runJourney, type Ending } from './journey.ts';
import { chapter, say, table } from './story.ts';

const USUAL_PORTS = { sandbox: 4100, 'erp-outbox-reader': 4101, 'customerx-connector': 4102, audit: 4103 };

/** The apps run as in production, where nothing is served without a token; here a person looks around. */
const documented = Object.fromEntries(APPS.map((app) => [app, { HTTP_DOCS: 'true' }]));

async function demo(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { exit: { type: 'boolean', default: false }, history: { type: 'string' } },
  });
  const history = values.history && resolve(process.env.INIT_CWD ?? '.', values.history);
  if (history && !existsSync(history)) throw new Error(`There is no file ${history}.`);
  say('Ponte: from an ERP to CustomerX, in order, once. Everything here runs on this machine, on simulated partners.');
  const stack = new PrivateStack();
  const loan = await stack.borrow(say);
  try {
    await buildApps();
    const world = await World.prepare({ ports: await portsForPeople(), environment: documented });
    try {
      return await inWorld(world, history, values.exit);
    } finally {
      await world.close();
    }
  } finally {
    await loan.giveBack();
  }
}

async function inWorld(world: World, history: string | undefined, exit: boolean): Promise<number> {
  await world.startAll();
  const inbox = await InboxWriter.start(world);
  try {
    const ending = history ? await runHistory(world, history) : await runWhole(world, inbox);
    await tellInbox(inbox);
    const code = close(ending);
    if (!exit && !interruption.aborted) await stay(world);
    return interruption.aborted && exit ? interruptedExitCode : code;
  } finally {
    await inbox.close();
  }
}

async function runWhole(world: World, inbox: InboxWriter): Promise<Ending> {
  const ending = await runJourney(world);
  const unbalanced = await runCredit(world, inbox);
  return { ...ending, differences: ending.differences + unbalanced };
}

/** Of the types it asked for: what was refused, what waits for a person, what was decided. */
async function tellInbox(inbox: InboxWriter): Promise<void> {
  chapter('What the ERP finds in its inbox');
  const byType = Map.groupBy(await inbox.results(), ({ type }) => type);
  if (byType.size === 0) say('   nothing: nothing was refused, nothing waits for a person.');
  else
    table(
      ['rows of erp_inbox', 'type'],
      [...byType].map(([type, rows]) => [String(rows.length), type]),
    );
}

function close({ verdict, differences, titles }: Ending): number {
  const { delivered, lost, doubled, reordered, repeated, unexplained } = verdict;
  const even = isEven(verdict) && differences === 0;
  const counts = `${titles} titles, ${delivered} events delivered, ${lost.length} lost, ${doubled.length} doubled, ${reordered.length} out of order, ${unexplained.length} unexplained, ${repeated.length} repeated, ${differences} differences`;
  say();
  say(`${even ? 'ok' : 'NOT EVEN'}: ${counts}`);
  return even ? 0 : 1;
}

/** Until ^C. */
async function stay(world: World): Promise<void> {
  chapter('Look around; ^C ends it');
  for (const app of APPS) {
    const docs = app === 'sandbox' ? '' : '/docs';
    say(`   ${app.padEnd(20)} ${world.httpUrl(app)}${docs}   metrics ${world.opsUrl(app)}/metrics`);
  }
  say();
  say('   A token that may do everything, for 12 hours:');
  say(`   ${world.token}`);
  const alive = setInterval(() => undefined, 60_000);
  await new Promise((done) => interruption.addEventListener('abort', done, { once: true }));
  clearInterval(alive);
}

/** The addresses of the guides where they are free; a second demo beside the first takes others. */
async function portsForPeople(): Promise<Partial<Record<keyof typeof USUAL_PORTS, { http: number; ops: number }>>> {
  const ports = Object.values(USUAL_PORTS).flatMap((port) => [port, port + 100]);
  const free = await Promise.all(ports.map(isFree));
  if (!free.every(Boolean)) return {};
  return Object.fromEntries(Object.entries(USUAL_PORTS).map(([app, http]) => [app, { http, ops: http + 100 }]));
}

function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const probe = createServer();
    probe.once('error', () => done(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => done(true)));
  });
}

try {
  process.exitCode = await demo(process.argv.slice(2));
} catch (error) {
  if (interruption.aborted) process.exitCode = interruptedExitCode;
  else {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}
