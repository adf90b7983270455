import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import pg from 'pg';
import { connect } from 'amqplib';
import { findTestStack } from '#libs/testing';

/** What the figures were measured on; never whose it is or what it is called. */
export interface Machine {
  cpu: string;
  cores: number;
  memoryGb: number;
  platform: string;
}

export function readMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() || 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 1_024 ** 3),
    platform: `${process.platform} ${process.arch}`,
  };
}

const MEASURED_PACKAGES = [
  'pg',
  'amqplib',
  'undici',
  'typeorm',
  'opossum',
  '@nestjs/core',
  '@nestjs/microservices',
  'amqp-connection-manager',
  'graphile-worker',
  'pg-transactional-outbox',
];

/** Of Node, the two servers, and every package that takes part. */
export async function readVersions(): Promise<Record<string, string>> {
  const [postgresql, rabbitmq] = await Promise.all([askPostgres(), askRabbit()]);
  const packages = MEASURED_PACKAGES.map((name) => [name, versionOf(`node_modules/${name}/package.json`)]);
  return {
    ponte: versionOf('package.json'),
    node: process.version,
    postgresql,
    rabbitmq,
    ...Object.fromEntries(packages),
  };
}

function versionOf(file: string): string {
  const text = readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

async function askPostgres(): Promise<string> {
  const client = new pg.Client({ connectionString: findTestStack().adminDatabaseUrl });
  await client.connect();
  const { rows } = await client.query<{ server_version: string }>('show server_version');
  await client.end();
  return rows[0]!.server_version;
}

async function askRabbit(): Promise<string> {
  const connection = await connect(findTestStack().amqpUrl);
  const { version } = connection.connection.serverProperties as { version: string };
  await connection.close();
  return version;
}
