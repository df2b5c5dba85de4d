import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { createMetrics } from '../../src/platform/observe/metrics.ts';
import { type AlertWorld, alertWorlds, type Series } from '../support/alert-worlds.ts';
import { tempDir } from '../support/temp-dir.ts';

const RULES = resolve('deploy/prometheus/gatehouse.rules.yaml');

/** Runs promtool; a failure holds what it said. */
function promtool(args: readonly string[], input = ''): string {
  return execFileSync('promtool', args, { encoding: 'utf8', input, stdio: 'pipe' });
}

/** A test of promtool: whether the alert fires in the world. */
function unitTest({ alert, minutes = 30 }: AlertWorld, series: Series, count: number): object {
  return {
    name: `${alert}: ${count === 0 ? 'quiet' : 'fires'}`,
    interval: '1m',
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    promql_expr_test: [
      {
        expr: `count(ALERTS{alertname="Gatehouse${alert}", alertstate="firing"})`,
        eval_time: `${minutes}m`,
        exp_samples: count === 0 ? [] : [{ labels: '{}', value: count }],
      },
    ],
  };
}

describe('the alerts, as promtool reads them', () => {
  it('are rules of Prometheus', () =>
    assert.match(
      promtool(['check', 'rules', RULES]),
      new RegExp(`${new Set(alertWorlds.map(({ alert }) => alert)).size} rules found`),
    ));

  it('fire in the world that each is for, and not in the nearest other one', async () => {
    await using directory = await tempDir('gatehouse-promtool-');
    const file = join(directory.path, 'alerts.yaml');
    for (const [interval, some] of Map.groupBy(alertWorlds, ({ minutes }) => (minutes === undefined ? '1m' : '5m'))) {
      const tests = some.flatMap((world) => [unitTest(world, world.fires, 1), unitTest(world, world.quiet, 0)]);
      writeFileSync(file, stringify({ rule_files: [RULES], evaluation_interval: interval, tests }));
      assert.match(promtool(['test', 'rules', file]), /SUCCESS/);
    }
  });
});

describe('the dashboard, as promtool reads it', () => {
  it('asks only what is PromQL', async () => {
    await using directory = await tempDir('gatehouse-promtool-');
    const { panels } = JSON.parse(readFileSync('deploy/grafana/gatehouse.json', 'utf8')) as {
      panels: readonly { targets: readonly { expr: string }[] }[];
    };
    const queries = panels.flatMap(({ targets }) =>
      targets.map(({ expr }) => expr.replaceAll('$__rate_interval', '5m')),
    );
    assert.ok(queries.length > 20);
    const file = join(directory.path, 'queries.yaml');
    const recorded = queries.map((expr, i) => ({ record: `panel:number:${i}`, expr }));
    writeFileSync(file, stringify({ groups: [{ name: 'panels', rules: recorded }] }));
    assert.match(promtool(['check', 'rules', file]), new RegExp(`${queries.length} rules found`));
  });
});

describe('/metrics, as promtool reads it', () => {
  it('is what Prometheus can scrape, and names its metrics as Prometheus wants', async () => {
    const metrics = createMetrics({ latencyBounds: [0.001, 0.01], look: () => Promise.resolve() });
    const own = (await metrics.text()).replaceAll(/^.*\b(?:nodejs|process)_.*\n/gm, '');
    assert.equal(promtool(['check', 'metrics'], own), '');
  });
});
