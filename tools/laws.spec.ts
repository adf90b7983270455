import { describe, expect, it } from '@jest/globals';
import { blankComments } from './blank-comments.ts';
import { findBreaches, laws } from './laws.ts';

/** law, a file that breaks it, what it holds */
const breaches: [string, string, string][] = [
  ['environment-by-one-door', 'apps/audit/src/main.ts', 'const port = process.env.HTTP_PORT;'],
  ['sql-in-its-own-files', 'libs/delivery/src/claim.ts', 'await client.query(`\n  select id from lanes`);'],
  ['sql-in-its-own-files', 'libs/delivery/src/claim.ts', 'await client.query("UPDATE lanes SET epoch = 1");'],
  ['tls-is-never-off', 'libs/partner/src/agent.ts', 'new Agent({ connect: { rejectUnauthorized: false } });'],
  ['tls-is-never-off', 'tools/demo/main.ts', "env.NODE_TLS_REJECT_UNAUTHORIZED = '0';"],
  ['money-is-no-float', 'apps/sandbox/src/erp/title.ts', 'const cents = parseFloat(text) * 100;'],
  ['money-is-no-float', 'libs/receivables/src/title.ts', 'const sum = Number(title.amount);'],
  ['documents-keep-their-letters', 'libs/contracts/src/documents.ts', "text.replace(/\\D/g, '')"],
  ['documents-keep-their-letters', 'libs/contracts/src/documents.ts', "text.replaceAll(/[^0-9]/g, '')"],
  ['no-console-in-the-product', 'libs/broker/src/publisher.ts', "console.log('confirmed');"],
  ['nothing-left-for-later', 'docs/glossary.md', 'TODO: the other words'],
  ['nothing-left-for-later', 'libs/outbox/src/relay.ts', '/** Good enough for now. */'],
  ['names-say-something', 'libs/outbox/src/relay.ts', 'export class RelayService {}'],
  ['indexes-name-what-they-give', 'libs/outbox/src/index.ts', "export * from './relay.js';"],
  ['no-forward-references', 'apps/audit/src/audit.module.ts', '@Inject(forwardRef(() => Chain))'],
  ['tests-never-sleep', 'libs/outbox/src/relay.spec.ts', 'await sleep(500);'],
  ['tests-never-sleep', 'libs/outbox/src/relay.spec.ts', 'await new Promise((done) => setTimeout(done, 500));'],
  ['every-test-runs', 'libs/outbox/src/relay.spec.ts', "it.only('relays', () => undefined);"],
  ['no-paths-of-one-machine', 'docs/run.md', 'cd /home/maria/ponte'],
  ['no-paths-of-one-machine', 'tools/demo/main.ts', '// as in /work/main'],
  ['lock-file-names-no-server', 'package-lock.json', '"resolved": "https://example.test/a.tgz"'],
  ['named-by-subject', 'libs/outbox/src/utils.ts', ''],
  ['named-by-subject', 'libs/shared/src/dates.ts', ''],
  ['named-by-subject', 'apps/audit/src/chain.service.ts', ''],
  ['apps-have-no-index', 'apps/audit/src/index.ts', ''],
];

const lawful: [string, string, string][] = [
  ['process.env in libs/runtime', 'libs/runtime/src/environment.ts', 'const real = process.env;'],
  ['process.env in a comment', 'apps/audit/src/main.ts', '/** Never process.env here. */'],
  ['SQL in its file', 'libs/delivery/src/lanes.sql.ts', 'export const CLAIM = `select id from lanes`;'],
  ['SQL in a migration', 'libs/delivery/src/schema.migration.ts', "await runner.query('create table lanes ()');"],
  ['an English sentence', 'libs/runtime/src/problem.ts', "title: 'Select a company and try again'"],
  ['a decimal string', 'libs/receivables/src/title.ts', 'const sum = addMoney(title.amount, fee);'],
  ['a count of something', 'libs/delivery/src/claim.ts', 'const waiting = Number(rows[0].count);'],
  ['digits of a phone number', 'libs/contracts/src/person.ts', "text.replace(/\\s/g, '')"],
  ['a word of Portuguese', 'docs/glossary.md', 'todo o título; o stubborn'],
  ['a path inside the project', 'docs/run.md', 'see apps/home/page.ts and ./work/list'],
  ['a waiting helper', 'libs/outbox/src/relay.spec.ts', 'await eventually(() => rows.length === 1);'],
];

describe('the laws of the house', () => {
  it.each(breaches)('%s is broken by %s', (law, file, text) => {
    expect(findBreaches(file, text).map((breach) => breach.law)).toEqual([law]);
  });

  it.each(lawful)('%s is lawful', (_what, file, text) => {
    expect(findBreaches(file, text)).toEqual([]);
  });

  it('each has a sample that breaks it', () => {
    const tried = new Set(breaches.map(([law]) => law));
    expect(laws.map(({ name }) => name).filter((name) => !tried.has(name))).toEqual([]);
  });

  it('name the line and say what to do', () => {
    const [breach] = findBreaches('apps/audit/src/main.ts', "const a = 1;\n\nconst b = process.env['B'];\n");
    expect(breach).toMatchObject({ line: 3, text: "const b = process.env['B'];" });
    expect(breach?.sentence).toContain('environment class');
  });
});

describe('comments', () => {
  it('are blanked without moving a line, wherever they stand', () => {
    const text = ['/** a', ' b */', 'call(/* c */ 1); // d', 'function f() { /* e */ }'].join('\n');
    const code = blankComments(text);
    expect(code.split('\n').map((line) => line.trimEnd())).toEqual([
      '',
      '',
      'call(        1);',
      'function f() {         }',
    ]);
  });

  it('are not looked for inside texts and patterns', () => {
    const text = "const url = 'http://a/*b*/'; const p = /\\/\\/x/g;";
    expect(blankComments(text)).toBe(text);
  });
});
