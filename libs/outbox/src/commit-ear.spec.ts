import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { eventually } from '#libs/testing';
import { OutboxDatabase } from '../test/outbox-database.js';
import { CommitEar } from './index.js';

const CHANNEL = 'erp_outbox';
const NAME = 'ear-spec';
const SAY_COMMITS = `
  create trigger erp_outbox_notify after insert on erp_outbox for each statement execute function erp_outbox_notify()`;

let database: OutboxDatabase;
const ears: CommitEar[] = [];
/** Of a server that answers nothing. */
const sockets: Socket[] = [];

beforeAll(async () => {
  database = await OutboxDatabase.create();
  await database.erp.query(SAY_COMMITS);
});
afterEach(async () => {
  for (const ear of ears.splice(0)) await ear.stop();
  for (const socket of sockets.splice(0)) socket.destroy();
});
afterAll(() => database.drop());

interface Heard {
  opened: number;
  commits: number;
  changes: boolean[];
}

async function listen(url = database.url): Promise<Heard> {
  const heard: Heard = { opened: 0, commits: 0, changes: [] };
  const ear = new CommitEar({
    open: () => {
      heard.opened += 1;
      return new Client({ connectionString: url, application_name: NAME });
    },
    channel: CHANNEL,
    againMs: 20,
    onCommit: () => (heard.commits += 1),
    onChange: ({ listening }) => heard.changes.push(listening),
  });
  ears.push(ear);
  ear.start();
  await eventually(() => heard.changes.length > 0);
  return heard;
}

it('hears of a row when it is committed, and not before', async () => {
  const heard = await listen();
  expect(heard.commits).toBe(1); // of what may have been committed before
  const other = await database.session();
  await other.query('begin');
  await database.write({ aggregateid: 'a' }, other);
  await database.write({ aggregateid: 'b' });
  await eventually(() => heard.commits === 2);
  await other.query('commit');
  await eventually(() => heard.commits === 3);
});

it('listens again when its connection was ended, and looks for what it has missed', async () => {
  const heard = await listen();
  await database.cut(NAME);
  await eventually(() => heard.changes.length === 3);
  expect(heard).toEqual({ opened: 2, commits: 2, changes: [true, false, true] });
  await database.write({ aggregateid: 'c' });
  await eventually(() => heard.commits === 3);
});

it('tries on where there is no database, says so once, and ends when it is told to', async () => {
  const heard = await listen('postgresql://nobody:x@127.0.0.1:9/none');
  await eventually(() => heard.opened >= 3);
  expect(heard).toMatchObject({ commits: 0, changes: [false] });
});

it('ends though the server it talks to never answers', async () => {
  const silent = createServer((socket) => void sockets.push(socket.resume())).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const ear = new CommitEar({
    open: () => new Client({ connectionString: `postgresql://nobody:x@127.0.0.1:${port}/none` }),
    channel: CHANNEL,
    onCommit: () => undefined,
  });
  ear.start();
  await eventually(() => sockets.length === 1);
  await ear.stop();
  silent.close();
}, 10_000);

it('refuses a channel that is no plain name', () => {
  const open = () => new Client();
  expect(() => new CommitEar({ open, channel: 'a"; drop table x', onCommit: () => undefined })).toThrow(RangeError);
});
