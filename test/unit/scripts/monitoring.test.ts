import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { monitoringFiles } from '../../../scripts/monitoring.ts';
import { createMetrics } from '../../../src/platform/observe/metrics.ts';
import { alertWorlds } from '../../support/alert-worlds.ts';

const page = readFileSync('docs/operations.md', 'utf8');

/** Names of metrics in PromQL: words that are no label, function or keyword. */
function metricsIn(text: string): string[] {
  return [...text.matchAll(/\b(?:gatehouse|process|nodejs)_[a-z0-9_]+\b(?!-)/g)].map(([name]) => name);
}

describe('the files for monitoring', () => {
  for (const [path, make] of Object.entries(monitoringFiles)) {
    it(`${path} says what the tables of docs/operations.md say (node scripts/monitoring.ts makes it)`, () => {
      const read = path.endsWith('.json') ? (text: string): unknown => JSON.parse(text) : String;
      assert.deepEqual(read(readFileSync(path, 'utf8')), read(make(page)));
    });

    it(`${path} names only metrics that the program has`, async () => {
      const text = await createMetrics({ latencyBounds: [1], look: () => Promise.resolve() }).text();
      const known = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
      const named = metricsIn(readFileSync(path, 'utf8'));
      assert.ok(named.length > 15);
      assert.deepEqual(
        named.filter((name) => !known.has(name) && !known.has(name.replace(/_(?:bucket|sum|count)$/, ''))),
        [],
      );
    });
  }

  it('have a world for each alert, to be tried in by promtool (npm run interop)', () => {
    const text = readFileSync('deploy/prometheus/gatehouse.rules.yaml', 'utf8');
    const alerts = [...text.matchAll(/^ +- alert: Gatehouse(\S+)$/gm)].map(([, name = '']) => name);
    assert.deepEqual([...new Set(alertWorlds.map(({ alert }) => alert))].sort(), alerts.sort());
  });

  it('would not be made of a table that has lost a cell', () => {
    const broken = page.replace('| 1m | critical | Envoys refuse everything |', '| 1m | Envoys refuse everything |');
    assert.throws(() => monitoringFiles['deploy/prometheus/gatehouse.rules.yaml']!(broken), /a row of 4 cells, not 5/);
  });
});
