import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { eventually } from '#libs/testing';
import { SOURCE, type World } from '../../world/world.ts';
import {
  calmWorld,
  clearFaults,
  COMPANY,
  CONNECTOR,
  moveTitles,
  setFaults,
  untilArrived,
  weighed,
} from '../calm-world.ts';
import { unmet } from '../expectations.ts';
import type { Scenario } from '../harness/scenario.ts';
import { LET_PAUSES_END, LET_RETRIES_COME, REASONS_OF_TRIES } from '../ledger.sql.ts';
import { failedTries, ledger, openDeliveries, pauses } from '../ledger.ts';

const TITLES = 30;
/** More than is read of any answer. */
const HUGE = 3 * 1_048_576;

export const scenario: Scenario = {
  name: 'slow-and-huge',
  rows: [55],
  says: 'Dripping, silent and endless answers and bad certificates end by the deadline, park nothing and lose nothing.',
  minutes: 5,
  async run(chaos) {
    const { world } = await calmWorld(chaos, { settings: { deadlineSeconds: 1 } });
    const proxy = await chaos.proxy(world.httpUrl('sandbox'));
    await leadTo(world, `${proxy.through(world.httpUrl('sandbox'))}customerx/api/v1`);
    const weather: [string, () => void | Promise<void>][] = [
      ['drips', () => proxy.drip(40)],
      ['is silent', () => proxy.halfOpen()],
      ['answers without end', () => setFaults(world, { applyThenHuge: HUGE, for: 8 })],
    ];
    const broken: string[] = [];
    for (const [at, [what, breakIt]] of weather.entries()) {
      const before = (await failedTries(world)).failed;
      await breakIt();
      await moveTitles(world, { titles: TITLES, movements: 1, seed: at + 1 });
      const isMet = async () => (await failedTries(world)).failed >= before + 5;
      const met = await eventually(isMet, { withinMs: 120_000, everyMs: 100 }).catch(() => false);
      proxy.heal();
      await clearFaults(world);
      broken.push(...unmet({ [`a partner that ${what} fails some tries`]: met }));
      await untilThrough(world, TITLES * (at + 1));
    }
    const reasons = (await ledger<{ reason: string }>(world, REASONS_OF_TRIES)).map(({ reason }) => reason).join('; ');
    const certificates = await badCertificates(world);
    const { verdict, stuck, broken: different } = await weighed(world);
    const expected = unmet({
      [`a cut by the deadline is told: ${reasons}`]: reasons.includes('deadline'),
      'an answer that is too large is told': reasons.includes('answer-too-large'),
      'nothing waits for a person': (await openDeliveries(world)).parked === 0,
    });
    return { verdict, stuck, broken: [...broken, ...different, ...certificates, ...expected] };
  },
};

/** Titles move while the partner's certificate is wrong; with the right address all of them go. */
async function badCertificates(world: World): Promise<string[]> {
  const good = `${world.httpUrl('sandbox')}/customerx/api/v1`;
  const untrusted = await listenWith('partner');
  const expired = await listenWith('expired');
  try {
    await leadTo(world, untrusted.url);
    await moveTitles(world, { titles: 5, movements: 1, seed: 11 });
    const stands = async () => (await pauses(world, 'credential'))[0]?.detail ?? false;
    const detail = String(await eventually(stands, { withinMs: 120_000, everyMs: 100 }).catch(() => 'it does not'));
    const spent = await failedTries(world);
    await leadTo(world, expired.url, readFileSync(certificate('ca.pem'), 'utf8'));
    const says = async () => (await ledger<{ reason: string }>(world, REASONS_OF_TRIES)).some(isExpired);
    const told = await eventually(says, { withinMs: 120_000, everyMs: 200 }).catch(() => false);
    await leadTo(world, good);
    await untilThrough(world, TITLES * 3 + 5);
    return unmet({
      [`a certificate nobody trusts pauses until somebody mends it: ${detail}`]:
        detail.includes('certificate-not-trusted'),
      'and spends no more attempts': (await failedTries(world)).most <= spent.most + 5,
      'one that has expired is told': told,
    });
  } finally {
    await Promise.all([untrusted.close(), expired.close()]);
  }
}

function isExpired({ reason }: { reason: string }): boolean {
  return reason.includes('certificate-out-of-date');
}

/** The waits between tries and the pauses of the breaker are passed over. */
async function untilThrough(world: World, wanted: number): Promise<void> {
  const hurry = setInterval(() => {
    void ledger(world, LET_RETRIES_COME).catch(() => undefined);
    void ledger(world, LET_PAUSES_END, ['breaker']).catch(() => undefined);
  }, 500);
  try {
    await untilArrived(world, wanted);
  } finally {
    clearInterval(hurry);
  }
}

async function leadTo(world: World, baseUrl: string, ca: string | null = null): Promise<void> {
  await world.ask(CONNECTOR, 'PUT', '/integrations', { source: SOURCE, company: COMPANY, settings: { baseUrl, ca } });
}

function certificate(file: string): URL {
  return new URL(`../../../libs/partner/test/certificates/${file}`, import.meta.url);
}

async function listenWith(name: string): Promise<{ url: string; close(): Promise<void> }> {
  const [key, cert] = [readFileSync(certificate(`${name}.key`)), readFileSync(certificate(`${name}.pem`))];
  const server = createServer({ key, cert }, (_, response) => response.writeHead(500).end());
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}/api/v1`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
