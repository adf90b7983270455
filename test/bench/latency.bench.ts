/**
 * How long a title is on its way, from the ERP's commit to the partner's call, when it comes alone and when 50 or 500 come
 * each second; default polling.
 *
 *   npm run bench -- latency [--quick] [--rounds 5] [seconds=8]
 */
import { measureLatency } from './latency/measure-latency.ts';
import { readForm, readNumber } from './measure/form.ts';
import { leavePart, say } from './measure/part.ts';

const words = process.argv.slice(2);
const { quick, rounds } = readForm(words);
const seconds = readNumber(words, 'seconds', quick ? 3 : 8);
say(`latency: ${seconds} s of each rate`);
const latencyMs = await measureLatency({ seconds, rounds, say });
for (const [name, { p50, p99 }] of Object.entries(latencyMs)) say(`latency ${name}: p50 ${p50} ms, p99 ${p99} ms`);
leavePart({ latencyMs });
