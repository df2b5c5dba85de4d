/**
 * Bars as SVG, on a logarithmic scale.
 * @module
 */
import type { Bar } from './figures.ts';

const LABELS = 260;
const WIDTH = 900;
const ROW = 22;
const TOP = 44;

/** Draws bars, ours in another colour. */
export function plotBars(title: string, unit: string, bars: readonly Bar[]): string {
  const values = bars.map(({ value }) => value).filter((value) => value > 0);
  const low = 10 ** Math.floor(Math.log10(Math.min(...values)));
  const high = 10 ** Math.ceil(Math.log10(Math.max(...values) * 1.001));
  const scale = (value: number): number =>
    ((Math.log10(Math.max(value, low)) - Math.log10(low)) / (Math.log10(high) - Math.log10(low))) *
    (WIDTH - LABELS - 90);
  const height = TOP + bars.length * ROW + 14;
  const out = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="10" y="18" font-size="14" font-weight="bold">${escaped(title)}</text>`,
  ];
  for (let tick = low; tick <= high; tick *= 10) {
    const x = LABELS + scale(tick);
    out.push(
      `<line x1="${x}" y1="${TOP - 12}" x2="${x}" y2="${height - 10}" stroke="#ddd"/>`,
      `<text x="${x}" y="${TOP - 14}" text-anchor="middle" fill="#777" font-size="10">${tick} ${escaped(unit)}</text>`,
    );
  }
  for (const [i, { label, value, ours }] of bars.entries()) {
    const y = TOP + i * ROW;
    out.push(
      `<text x="${LABELS - 8}" y="${y + 14}" text-anchor="end">${escaped(label)}</text>`,
      `<rect x="${LABELS}" y="${y + 3}" width="${Math.max(2, scale(value)).toFixed(1)}" height="${ROW - 7}" fill="${ours ? '#0a7d4b' : '#9aa7b5'}"/>`,
      `<text x="${(LABELS + Math.max(2, scale(value)) + 5).toFixed(1)}" y="${y + 14}">${Number(value.toPrecision(3))}</text>`,
    );
  }
  return `${out.join('\n')}\n</svg>\n`;
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
