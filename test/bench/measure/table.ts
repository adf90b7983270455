import { isReached, type Figure } from './targets.ts';

const HEAD = ['figure', 'median', 'spread', 'to reach', ''];

/** One line for each figure, in columns. */
export function tableOf(figures: readonly Figure[]): string {
  const rows = [HEAD, ...figures.map(rowOf)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd();
  return rows.map(line).join('\n');
}

function rowOf(figure: Figure): string[] {
  const { name, unit, value, spread, target, atMost } = figure;
  const range = spread ? `${spread.lowest} – ${spread.highest}` : '';
  const wanted = `${atMost ? '≤' : '≥'} ${target} ${unit}`;
  return [name, `${value} ${unit}`, range, wanted, isReached(figure) ? 'reached' : 'not reached'];
}
