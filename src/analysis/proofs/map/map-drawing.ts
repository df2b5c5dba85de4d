/**
 * Maps as drawings: for Graphviz, for Mermaid, and as a table of squares in SVG.
 * @module
 */
import type { UniverseClass } from '../../universe/universe.ts';

/** An edge with its region in words. */
export interface DrawnEdge {
  readonly from: UniverseClass;
  readonly to: UniverseClass;
  readonly text: string;
}

const MOST_NAMES = 3;

/** What a class is called. */
export function classTitle({ id, members, outside, future }: UniverseClass): string {
  if (outside !== undefined) return `${id} outside ${few(outside.cidrs)}`;
  if (future !== undefined) return `${id} pods to come of ${few(future.namespaces)}: ${future.labels || 'any labels'}`;
  return `${id} ${few(members)}`;
}

const few = (names: readonly string[]): string =>
  names.length <= MOST_NAMES
    ? names.join(', ')
    : `${names.slice(0, MOST_NAMES).join(', ')} and ${names.length - MOST_NAMES} more`;

/** For Graphviz. */
export function dotOf(classes: readonly UniverseClass[], edges: readonly DrawnEdge[]): string {
  const quoted = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
  return [
    'digraph reach {',
    '  rankdir=LR; node [shape=box];',
    ...classes.map((one) => `  ${one.id} [label=${quoted(classTitle(one))}];`),
    ...edges.map(({ from, to, text }) => `  ${from.id} -> ${to.id} [label=${quoted(text)}];`),
    '}\n',
  ].join('\n');
}

/** For Mermaid. */
export function mermaidOf(classes: readonly UniverseClass[], edges: readonly DrawnEdge[]): string {
  const quoted = (text: string): string => `"${text.replaceAll('#', '#35;').replaceAll('"', '#quot;')}"`;
  return [
    'flowchart LR',
    ...classes.map((one) => `  ${one.id}[${quoted(classTitle(one))}]`),
    ...edges.map(({ from, to, text }) => `  ${from.id} -->|${quoted(text)}| ${to.id}`),
    '',
  ].join('\n');
}

const SQUARE = 18;
const MARGIN = 260;

/** A table of squares: who calls in rows, who is called in columns, and the region where the pointer rests. */
export function svgOf(classes: readonly UniverseClass[], edges: readonly DrawnEdge[]): string {
  const columns = classes.filter(({ outside }) => outside === undefined);
  const x = new Map(columns.map((one, i) => [one, MARGIN + i * SQUARE]));
  const y = new Map(classes.map((one, i) => [one, MARGIN + i * SQUARE]));
  const width = MARGIN + columns.length * SQUARE + SQUARE;
  const height = MARGIN + classes.length * SQUARE + SQUARE;
  const short = (one: UniverseClass): string => escaped(classTitle(one).slice(0, 38));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="11">`,
    ...classes.map((one) => `<text x="${MARGIN - 6}" y="${y.get(one)! + 13}" text-anchor="end">${short(one)}</text>`),
    ...columns.map(
      (one) => `<text transform="translate(${x.get(one)! + 13},${MARGIN - 6}) rotate(-90)">${short(one)}</text>`,
    ),
    ...edges.map(
      ({ from, to, text }) =>
        `<rect x="${x.get(to)}" y="${y.get(from)}" width="${SQUARE - 2}" height="${SQUARE - 2}" fill="${text === 'everything' ? '#c0392b' : '#2e86c1'}"><title>${escaped(`${classTitle(from)} to ${classTitle(to)}: ${text}`)}</title></rect>`,
    ),
    '</svg>\n',
  ].join('\n');
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
