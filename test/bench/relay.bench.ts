/**
 * How fast the relay is, beside the fastest thing that gives the same promise to one message (a loop that publishes the
 * same bytes, confirmed, and does nothing else) and beside pg-transactional-outbox.
 *
 *   npm run bench -- relay [--quick] [--rounds 5] [rows=100000] [titles=5000] [peerRows=4000]
 */
import { readForm, readNumber } from './measure/form.ts';
import { leavePart, say } from './measure/part.ts';
import { measureRelay } from './relay/measure-relay.ts';

const words = process.argv.slice(2);
const { quick, rounds } = readForm(words);
const relay = await measureRelay({
  rows: readNumber(words, 'rows', quick ? 20_000 : 100_000),
  titles: readNumber(words, 'titles', 5_000),
  peerRows: readNumber(words, 'peerRows', quick ? 500 : 4_000),
  rounds,
  say,
});
say(`relay: ${relay.ratioToLimit} of the limit, ${relay.ratioToPgTransactionalOutbox} × pg-transactional-outbox`);
leavePart({ relay });
