import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTestStack } from './test-stack.js';

const names = ['PONTE_TEST_DATABASE_URL', 'PONTE_TEST_OWNER_URL', 'PONTE_TEST_AMQP_URL', 'PONTE_TEST_MANAGEMENT_URL'];
const before = Object.fromEntries(names.map((name) => [name, process.env[name]]));
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ponte-stack-'));
  for (const name of names) delete process.env[name];
});

afterEach(() => {
  rmSync(folder, { recursive: true });
  for (const name of names) if (before[name] !== undefined) process.env[name] = before[name];
});

it('what the test runner gives is taken first', () => {
  process.env.PONTE_TEST_DATABASE_URL = 'postgresql://a:b@127.0.0.1:1/postgres';
  process.env.PONTE_TEST_AMQP_URL = 'amqp://a:b@127.0.0.1:2/ponte';
  process.env.PONTE_TEST_MANAGEMENT_URL = 'http://a:b@127.0.0.1:3';
  expect(findTestStack(folder).testDatabaseUrl).toBe('postgresql://a:b@127.0.0.1:1/postgres');
});

it('otherwise the development stack', () => {
  const addresses = {
    adminDatabaseUrl: 'postgresql://boss:1@127.0.0.1:1/postgres',
    testDatabaseUrl: 'postgresql://ponte_test:2@127.0.0.1:1/postgres',
    amqpUrl: 'amqp://a:b@127.0.0.1:2/ponte',
    adminManagementUrl: 'http://a:b@127.0.0.1:3',
  };
  mkdirSync(join(folder, '.stack'));
  writeFileSync(join(folder, '.stack', 'state.json'), JSON.stringify({ addresses }));
  expect(findTestStack(folder)).toEqual(addresses);
});

it('without either, the command to run is named', () => {
  expect(() => findTestStack(folder)).toThrow('npm run stack -- up');
});
