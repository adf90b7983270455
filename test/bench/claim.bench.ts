/**
 * What a claim of two hundred lanes costs with ten thousand, a hundred thousand and a million lanes due, and what finding
 * the due endpoints costs beside.
 *
 *   npm run bench -- claim [--quick] [--rounds 5]
 */
import { measureClaim } from './claim/measure-claim.ts';
import { readForm } from './measure/form.ts';
import { leavePart, say } from './measure/part.ts';

const { quick, rounds } = readForm(process.argv.slice(2));
say('claim: 10,000, 100,000 and 1,000,000 lanes due');
const crowds = [10_000, 100_000, 1_000_000] as const;
const claims = quick ? 4 : 15;
const claim = await measureClaim({ crowds, claims, rounds, say });
say(`claim: with 1,000,000 lanes ${claim.ratio1MTo10k} × what it is with 10,000`);
leavePart({ claim });
