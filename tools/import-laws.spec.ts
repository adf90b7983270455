import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const project = process.cwd();
const { forbidden } = createRequire(import.meta.url)('../.dependency-cruiser.cjs') as { forbidden: { name: string }[] };

/** law, the file that breaks it, its import */
const breaches: [string, string, string][] = [
  ['imports-go-down-from-contracts', 'libs/contracts/src/bad.ts', "export * as a from '#libs/runtime';"],
  ['imports-go-down-from-broker', 'libs/outbox/src/bad.ts', "export * as a from '#libs/delivery';"],
  ['imports-go-down-from-delivery', 'libs/settings/src/bad.ts', "export type { a } from '#libs/connector-kit';"],
  ['imports-go-down-from-connector-kit', 'libs/connector-kit/src/bad.ts', "export type { a } from '#libs/credit';"],
  [
    'neighbours-of-broker-are-strangers',
    'libs/broker/src/bad.ts',
    "import type { a } from '#libs/outbox'; export type B = typeof a;",
  ],
  ['neighbours-of-delivery-are-strangers', 'libs/partner/src/bad.ts', "export { a } from '#libs/delivery';"],
  ['libs-do-not-know-apps', 'libs/runtime/src/bad.ts', "export * from '../../../apps/audit/src/main.js';"],
  ['apps-are-strangers', 'apps/audit/src/stranger.ts', "import '../../customerx-connector/src/main.js';"],
  ['sandbox-is-for-tests', 'apps/audit/src/bad.ts', "import '../../sandbox/src/main.js';"],
  ['testing-is-for-tests', 'libs/settings/src/tested.ts', "export { a } from '#libs/testing';"],
  ['testing-knows-contracts-only', 'libs/testing/src/bad.ts', "export { a } from '#libs/broker';"],
  ['one-front-door-for-libs', 'libs/delivery/src/side.ts', "export { s } from '../../contracts/src/secret.js';"],
  ['one-front-door', 'apps/audit/src/side.ts', "export { s } from '../../../libs/contracts/src/secret.js';"],
  ['product-does-not-know-tools', 'apps/audit/src/tool.ts', "import '../../../tools/tool.js';"],
  ['amqp-only-in-broker', 'libs/outbox/src/amqp.ts', "export { connect } from 'amqplib';"],
  ['http-only-in-partner', 'apps/audit/src/call.ts', "export { request } from 'undici';"],
  ['sockets-only-in-partner', 'libs/delivery/src/socket.ts', "export { request } from 'node:https';"],
  ['breaker-only-in-partner', 'libs/delivery/src/breaker.ts', "export { default as B } from 'opossum';"],
  ['mappings-are-pure', 'apps/audit/src/x.mapping.ts', "export { readFileSync } from 'node:fs';"],
  ['product-needs-no-dev-packages', 'libs/settings/src/dev.ts', "export { parse } from 'csv-parse';"],
  ['packages-are-declared', 'libs/settings/src/undeclared.ts', "export { parse } from 'acorn';"],
  ['everything-resolves', 'libs/settings/src/lost.ts', "export { parse } from './nowhere.js';"],
  ['no-circles', 'libs/access/src/one.ts', "export { two } from './two.js'; export const one = 1;"],
];

/** Files that the samples lead to, and uses that must stay allowed. */
const lawful: [string, string][] = [
  ['libs/access/src/two.ts', "export { one } from './one.js'; export const two = 2;"],
  ['libs/contracts/src/secret.ts', 'export const s = 1;'],
  ['tools/tool.ts', 'export const t = 1;'],
  ['apps/audit/src/main.ts', "export { a } from '#libs/connector-kit'; export { connect } from '#libs/broker';"],
  ['apps/audit/src/main.spec.ts', "import '../../sandbox/src/main.js'; import '#libs/testing'; import 'undici';"],
  ['apps/customerx-connector/src/main.ts', "export { a } from '#libs/settings';"],
  ['apps/sandbox/src/main.ts', "export { createServer } from 'node:http';"],
  ['libs/broker/src/connect.ts', "export { connect } from 'amqplib';"],
  ['libs/partner/src/request.ts', "export { request } from 'undici'; export { a } from '#libs/runtime';"],
];

type Violation = { rule: { name: string }; from: string };
let folder: string;
let violations: Violation[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ponte-laws-'));
  for (const file of ['package.json', 'tsconfig.json', '.dependency-cruiser.cjs'])
    cpSync(join(project, file), join(folder, file));
  symlinkSync(join(project, 'node_modules'), join(folder, 'node_modules'));
  mkdirSync(join(folder, 'test'));
  const libs = ['contracts', 'broker', 'outbox', 'runtime', 'delivery', 'partner', 'settings', 'receivables', 'access'];
  for (const lib of [...libs, 'connector-kit', 'credit', 'testing']) {
    write(`libs/${lib}/src/index.ts`, 'export const a = 1; export const connect = 2;');
  }
  for (const [file, text] of [...lawful, ...breaches.map(([, file, text]) => [file, text] as const)]) write(file, text);
  violations = await cruise();
}, 120_000);

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function write(file: string, text: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), `${text}\n`);
}

function cruise(): Promise<Violation[]> {
  const program = join(project, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruiser.mjs');
  const args = [program, '-T', 'json', 'apps', 'libs', 'tools', 'test'];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: folder, maxBuffer: 64 << 20 }, (_error, stdout) =>
      resolve((JSON.parse(stdout) as { summary: { violations: Violation[] } }).summary.violations),
    );
  });
}

describe('the laws about imports', () => {
  it.each(breaches)('%s is broken by %s', (law, file) => {
    expect(violations.filter(({ from }) => from === file).map(({ rule }) => rule.name)).toContain(law);
  });

  it('each has a sample that breaks it', () => {
    const tried = new Set(breaches.map(([law]) => law));
    expect(forbidden.map(({ name }) => name).filter((name) => !tried.has(name))).toEqual([]);
  });

  it('leave lawful imports alone', () => {
    const files = new Set(lawful.map(([file]) => file).filter((file) => !file.includes('access')));
    expect(violations.filter(({ from }) => files.has(from))).toEqual([]);
  });
});
