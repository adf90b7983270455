import { writeFileSync } from 'node:fs';

/** Where a measurement leaves its part of the results when it runs as one of all; absent when it runs by itself. */
const PART_FILE = process.env.BENCH_PART_FILE;

/** What a measurement found, for the one that gathers all. */
export function leavePart(part: object): void {
  if (PART_FILE !== undefined) writeFileSync(PART_FILE, JSON.stringify(part));
}

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
