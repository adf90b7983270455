import { isReached, type Figure } from './targets.ts';

const WIDTH = 860;
const ROW = 34;
const TOP = 64;
const LABELS = 290;
const BARS = 380;
const TARGET_AT = 0.6;
const COLOUR = { reached: '#2e7d32', missed: '#c62828', spread: '#263238', target: '#1565c0', text: '#263238' };

/**
 * A bar for each figure, on a scale of its own on which every target lies on one line: to reach it, a bar must come up to
 * the line, or stay short of it where less is better. The thin line across a bar's end is the spread of its rounds.
 */
export function plotOf(figures: readonly Figure[], title: string): string {
  const height = TOP + figures.length * ROW + 24;
  const at = LABELS + BARS * TARGET_AT;
  const parts = [
    text(16, 26, title, 'font-size="16" font-weight="bold"'),
    text(at, 50, 'target', `text-anchor="middle" fill="${COLOUR.target}"`),
    ...figures.map((figure, row) => barOf(figure, TOP + row * ROW)),
    `<line x1="${at}" y1="${TOP - 6}" x2="${at}" y2="${height - 20}" stroke="${COLOUR.target}" stroke-dasharray="5 4"/>`,
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12" fill="${COLOUR.text}">`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

function barOf(figure: Figure, y: number): string {
  const { name, unit, value, spread, target, atMost } = figure;
  const x = (amount: number) => LABELS + Math.min((amount / target) * TARGET_AT, 1) * BARS;
  const end = x(value);
  const middle = y + 10;
  const bar = `<rect x="${LABELS}" y="${y}" width="${number(end - LABELS)}" height="20" fill="${isReached(figure) ? COLOUR.reached : COLOUR.missed}"/>`;
  const whisker = spread
    ? `<line x1="${number(x(spread.lowest))}" y1="${middle}" x2="${number(x(spread.highest))}" y2="${middle}" stroke="${COLOUR.spread}" stroke-width="2"/>`
    : '';
  const words = `${value} ${unit} (${atMost ? '≤' : '≥'} ${target})`;
  return [
    text(LABELS - 10, y + 14, name, 'text-anchor="end"'),
    bar,
    whisker,
    text(LABELS + BARS + 12, y + 14, words),
  ].join('');
}

function text(x: number, y: number, words: string, more = ''): string {
  const safe = words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return `<text x="${number(x)}" y="${y}"${more && ` ${more}`}>${safe}</text>`;
}

function number(value: number): string {
  return String(Math.round(value * 10) / 10);
}
