/**
 * Makes the alert rules of Prometheus and the dashboard of Grafana from the two tables of docs/operations.md.
 *
 *     node scripts/monitoring.ts
 * @module
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';

/** One row of a table of Markdown, by its headings. */
type Row = Readonly<Record<string, string>>;

/** The rows of the one table under a heading. @throws Error  there is none */
function tableUnder(markdown: string, heading: string): Row[] {
  const section = markdown.split(/^#+ /m).find((part) => part.startsWith(`${heading}\n`));
  const [head, , ...rows] = section?.split('\n').filter((line) => line.startsWith('|')) ?? [];
  if (head === undefined || rows.length === 0) throw new Error(`no table under ${heading}`);
  const names = cellsOf(head);
  return rows.map((row) => {
    const cells = cellsOf(row);
    if (cells.length !== names.length) throw new Error(`a row of ${cells.length} cells, not ${names.length}: ${row}`);
    return Object.fromEntries(names.map((name, i) => [name, cells[i]!]));
  });
}

/** A vertical bar that belongs to a cell is escaped. */
const cellsOf = (line: string): string[] =>
  line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));

const code = (cell: string): string => cell.replace(/^`(.*)`$/, '$1');

/** `not ready` is the alert `GatehouseNotReady`. */
const alertName = (words: string): string =>
  ['gatehouse', ...words.split(/\W+/)].map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');

const NOTE = 'made from docs/operations.md by: node scripts/monitoring.ts';

/** The rules, as a file of Prometheus. */
export function alertRules(markdown: string): string {
  const rules = tableUnder(markdown, 'Alerts').map(({ alert, expression, for: lasting, severity, why }) => ({
    alert: alertName(alert!),
    expr: code(expression!),
    for: lasting!,
    labels: { severity: severity! },
    annotations: { summary: `Gatehouse: ${alert}`, description: why!.replaceAll('`', '') },
  }));
  return `# ${NOTE}\n${stringify({ groups: [{ name: 'gatehouse', rules }] }, { lineWidth: 0 })}`;
}

/** A panel is a third of a row wide. */
const [WIDTH, HEIGHT, PANELS_A_ROW] = [8, 8, 3];

/** The dashboard, as a file of Grafana; which Prometheus it asks is chosen when it is looked at. */
export function dashboard(markdown: string): string {
  const datasource = { type: 'prometheus', uid: '$datasource' };
  const panels = tableUnder(markdown, 'Dashboard').map(({ panel, query, legend, unit }, i) => ({
    id: i + 1,
    type: 'timeseries',
    title: panel!,
    datasource,
    gridPos: { h: HEIGHT, w: WIDTH, x: (i % PANELS_A_ROW) * WIDTH, y: Math.floor(i / PANELS_A_ROW) * HEIGHT },
    fieldConfig: { defaults: { unit: unit!, min: 0 }, overrides: [] },
    targets: [{ refId: 'A', datasource, expr: code(query!), legendFormat: code(legend!) }],
  }));
  return `${JSON.stringify(
    {
      title: 'Gatehouse',
      uid: 'gatehouse',
      description: NOTE,
      tags: ['gatehouse'],
      schemaVersion: 39,
      editable: true,
      refresh: '30s',
      time: { from: 'now-6h', to: 'now' },
      templating: { list: [{ name: 'datasource', label: 'Prometheus', type: 'datasource', query: 'prometheus' }] },
      panels,
    },
    null,
    2,
  )}\n`;
}

/** Where each of them lies, from the root of the repository. */
export const monitoringFiles: Readonly<Record<string, (markdown: string) => string>> = {
  'deploy/prometheus/gatehouse.rules.yaml': alertRules,
  'deploy/grafana/gatehouse.json': dashboard,
};

if (import.meta.main) {
  const root = join(dirname(fileURLToPath(import.meta.url)), '..');
  const markdown = readFileSync(join(root, 'docs/operations.md'), 'utf8');
  for (const [path, make] of Object.entries(monitoringFiles)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), make(markdown));
  }
}
