import { inspect } from 'node:util';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { IsBoolean } from 'class-validator';
import { IsSecret } from './environment-decorators.js';
import { processVariables } from './env-file.js';
import { AppEnvironment, EnvironmentError, readEnvironment, withBroker, withDatabase } from './environment.js';
import { Secret } from './secret.js';

class ShopEnvironment extends withBroker(withDatabase(AppEnvironment)) {
  override HTTP_PORT = 4100;

  @IsBoolean()
  SEND_RECEIPTS = true;

  @IsSecret()
  SHOP_KEY!: Secret;
}

const GOOD = {
  OPS_PORT: '4200',
  DATABASE_URL: 'postgres://shop:pg-pass@db/shop',
  AMQP_URL: 'amqp://shop:mq-pass@mq/shop',
  AMQP_MANAGEMENT_URL: 'https://mq/',
  SHOP_KEY: 'key-pass',
};

function mistakesOf(source: Record<string, string>): string {
  try {
    readEnvironment(ShopEnvironment, source);
  } catch (error) {
    if (error instanceof EnvironmentError) return error.message;
    throw error;
  }
  return '';
}

describe('readEnvironment', () => {
  it('reads numbers, booleans and secrets as what they are, and keeps the defaults of what is not set', () => {
    const environment = readEnvironment(ShopEnvironment, { ...GOOD, SEND_RECEIPTS: 'false' });
    expect(environment).toMatchObject({
      OPS_PORT: 4200,
      SEND_RECEIPTS: false,
      HTTP_PORT: 4100,
      HTTP_HOST: '127.0.0.1',
    });
    expect(environment.SHOP_KEY.reveal()).toBe('key-pass');
  });

  it('tells every mistake in one message', () => {
    const told = mistakesOf({
      ...GOOD,
      HTTP_PORT: 'abc',
      DATABASE_URL: '',
      AMQP_URL: 'http://mq',
      AMQP_MANAGEMENT_URL: '',
      SEND_RECEIPTS: 'yes',
    });
    expect(told).toContain('5 mistakes');
    expect(told).toMatch(/AMQP_MANAGEMENT_URL *is missing/);
    expect(told).toMatch(/HTTP_PORT .*integer.*\(is "abc"\)/);
    expect(told).toMatch(/DATABASE_URL .*is missing: must be a URL that begins with postgres:/);
    expect(told).toMatch(/AMQP_URL .*amqp:/);
    expect(told).toMatch(/SEND_RECEIPTS .*boolean.*\(is "yes"\)/);
  });

  it('never repeats the value of a secret, right or wrong', () => {
    const wrong = mistakesOf({ ...GOOD, DATABASE_URL: 'mysql://shop:pg-pass@db', AMQP_URL: 'mq-pass', HTTP_PORT: 'x' });
    expect(wrong).not.toMatch(/pg-pass|mq-pass|key-pass/);
    const right = readEnvironment(ShopEnvironment, GOOD);
    expect(JSON.stringify(right) + inspect(right)).not.toMatch(/pg-pass|mq-pass|key-pass/);
  });

  it('refuses a process whose certificate checks are switched off', () => {
    expect(mistakesOf({ ...GOOD, NODE_TLS_REJECT_UNAUTHORIZED: '0' })).toContain('switches certificate checks off');
    expect(mistakesOf({ ...GOOD, NODE_TLS_REJECT_UNAUTHORIZED: '1' })).toBe('');
  });

  it('takes a number with a tail, a fraction or nothing but spaces for a mistake', () => {
    for (const HTTP_PORT of ['41x', '41.5', '  ', '-1', '65536']) {
      expect(mistakesOf({ ...GOOD, HTTP_PORT })).toContain('HTTP_PORT');
    }
  });
});

describe('processVariables', () => {
  const directory = mkdtempSync(join(tmpdir(), 'ponte-env-'));
  writeFileSync(join(directory, '.env.shop'), 'A=from-file\nB="from file"\n');

  it('completes the environment from .env.<app> and never overrides it', () => {
    expect(processVariables('shop', { A: '' }, directory)).toEqual({ A: '', B: 'from file' });
    expect(processVariables('other', { A: 'x' }, directory)).toEqual({ A: 'x' });
  });

  it('does not look at the file in production', () => {
    expect(processVariables('shop', { NODE_ENV: 'production' }, directory)).toEqual({ NODE_ENV: 'production' });
  });
});
