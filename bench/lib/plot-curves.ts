/**
 * Curves as SVG, on logarithmic scales.
 * @module
 */
import type { Curves } from './figures.ts';

const WIDTH = 900;
const HEIGHT = 420;
const LEFT = 70;
const RIGHT = 190;
const TOP = 44;
const BOTTOM = 48;

/** Draws curves, ours in another colour; each point has its value beside it. */
export function plotCurves(title: string, { across, up, curves }: Curves): string {
  const points = curves.flatMap((curve) => curve.points);
  const x = scaleOf(
    points.map(([one]) => one),
    LEFT,
    WIDTH - RIGHT,
  );
  const y = scaleOf(
    points.map(([, one]) => one),
    HEIGHT - BOTTOM,
    TOP,
  );
  const line = (x1: number, y1: number, x2: number, y2: number): string =>
    `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="#ddd"/>`;
  const text = (at: number, down: number, said: string, more = ''): string =>
    `<text x="${at.toFixed(1)}" y="${down.toFixed(1)}" ${more}>${escaped(said)}</text>`;
  const out = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(10, 18, title, 'font-size="14" font-weight="bold"'),
    text(LEFT, HEIGHT - 8, across, 'fill="#777"'),
    text(10, TOP - 10, up, 'fill="#777"'),
  ];
  for (const tick of y.ticks) {
    const at = y.at(tick);
    out.push(line(LEFT, at, WIDTH - RIGHT, at), text(LEFT - 8, at + 4, `${tick}`, 'text-anchor="end" fill="#777"'));
  }
  for (const [tick] of curves[0]?.points ?? [])
    out.push(text(x.at(tick), HEIGHT - BOTTOM + 18, `${tick}`, 'text-anchor="middle" fill="#777"'));
  for (const { label, ours, points: own } of curves) {
    const colour = ours ? '#0a7d4b' : '#9aa7b5';
    const places = own.map(([a, b]) => ({ value: b, left: x.at(a), top: y.at(b) }));
    const path = places.map(({ left, top }) => `${left.toFixed(1)},${top.toFixed(1)}`).join(' ');
    out.push(`<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    for (const { left, top, value } of places)
      out.push(
        `<circle cx="${left.toFixed(1)}" cy="${top.toFixed(1)}" r="3" fill="${colour}"/>`,
        text(left, top - 8, `${Number(value.toPrecision(2))}`, 'text-anchor="middle" font-size="10"'),
      );
    const last = places.at(-1);
    if (last !== undefined) out.push(text(last.left + 12, last.top + 4, label, `fill="${colour}"`));
  }
  return `${out.join('\n')}\n</svg>\n`;
}

/** A logarithmic scale over some values, from one place to another, with its powers of ten. */
function scaleOf(values: readonly number[], from: number, to: number) {
  const some = values.filter((value) => value > 0);
  const [low, high] = [Math.floor(Math.log10(Math.min(...some))), Math.ceil(Math.log10(Math.max(...some)))];
  const at = (value: number): number => from + ((Math.log10(value) - low) / Math.max(1, high - low)) * (to - from);
  return { at, ticks: Array.from({ length: high - low + 1 }, (_, i) => Number((10 ** (low + i)).toPrecision(1))) };
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
