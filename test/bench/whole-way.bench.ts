/**
 * The whole way of a title: the ERP's commit, the partner's 2xx, the outcome recorded; beside a straight line through the
 * same durable steps without any promise, and a plain Nest app. Memory and start time of each app come with it.
 *
 *   npm run bench -- whole-way [--quick] [--rounds 5] [titles=6000]
 */
import { readForm, readNumber } from './measure/form.ts';
import { leavePart, say } from './measure/part.ts';
import { measureWholeWay } from './whole-way/measure-whole-way.ts';

const words = process.argv.slice(2);
const { quick, rounds } = readForm(words);
const figures = await measureWholeWay({ titles: readNumber(words, 'titles', quick ? 1_000 : 6_000), rounds, say });
const { wholeWay, memoryMb } = figures;
say(`whole way: ${wholeWay.ratioToStraightLine} of the straight line, ${wholeWay.ratioToPlainNest} × plain Nest`);
for (const [app, { idle, load }] of Object.entries(memoryMb)) say(`${app}: ${idle} MB idle, ${load} MB under load`);
leavePart(figures);
