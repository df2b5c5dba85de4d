import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import { createMetrics } from '../../src/platform/observe/metrics.ts';
import { tempDir } from '../support/temp-dir.ts';

const RULES = resolve('deploy/prometheus/gatehouse.rules.yaml');

interface RulesFile {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string; readonly expr: string }[] }[];
}

const rules = (parse(readFileSync(RULES, 'utf8')) as RulesFile).groups.flatMap((group) => group.rules);

/** Runs promtool; a failure holds what it said. */
function promtool(args: readonly string[], input = ''): string {
  return execFileSync('promtool', args, { encoding: 'utf8', input, stdio: 'pipe' });
}

/** Series in promtool's words, one value a minute. */
type Series = Readonly<Record<string, string>>;

const of = (name: string, labels = ''): string => `${name}{job="gatehouse", instance="a"${labels}}`;
const all = (name: string, values: string, labels = ''): Series => ({ [of(name, labels)]: values });
const WEEK = 7 * 24 * 60;

/** A world an alert fires in, and the nearest one that it does not; after `minutes`, 30 unless told. */
const worlds: readonly { alert: string; fires: Series; quiet: Series; minutes?: number }[] = [
  { alert: 'NotReady', fires: all('up', '0x60'), quiet: { ...all('up', '1x60'), 'up{job="other"}': '0x60' } },
  {
    alert: 'NotReady',
    fires: all('gatehouse_serving', '0x60', ', service="envoy.service.auth.v3.Authorization"'),
    quiet: all('gatehouse_serving', '1x60', ', service="envoy.service.auth.v3.Authorization"'),
  },
  {
    alert: 'NoIdentities',
    fires: all('gatehouse_serving', '0x60', ', service="SpiffeWorkloadAPI"'),
    quiet: all('gatehouse_serving', '0 0 0 1x60', ', service="SpiffeWorkloadAPI"'),
  },
  {
    alert: 'AnIdentityRefused',
    fires: all('gatehouse_svid_failed_total', '0+1x60', ', code="not_entitled"'),
    quiet: all('gatehouse_svid_failed_total', '9x60', ', code="not_entitled"'),
  },
  {
    alert: 'NoDecisionsForAFaultOfOurs',
    fires: all('gatehouse_check_total', '0+1x60', ', reason="internal_error", decision="deny"'),
    quiet: all('gatehouse_check_total', '0+1x60', ', reason="rule_denied", decision="deny"'),
  },
  {
    alert: 'NoPolicies',
    fires: all('gatehouse_snapshot_generation', '4x60'),
    quiet: {
      ...all('gatehouse_snapshot_generation', '4x60'),
      ...all('gatehouse_policies', '1x60', ', dialect="istio", kind="AuthorizationPolicy"'),
    },
  },
  {
    alert: 'PoliciesBroken',
    fires: all('gatehouse_snapshot_load_errors_total', '0x25 1x30'),
    quiet: all('gatehouse_snapshot_load_errors_total', '0x5 1x60'),
  },
  {
    alert: 'DecidersMissing',
    fires: { ...all('gatehouse_deciders', '1x60'), ...all('gatehouse_deciders_wanted', '2x60') },
    quiet: { ...all('gatehouse_deciders', '2x60'), ...all('gatehouse_deciders_wanted', '2x60') },
  },
  {
    alert: 'CertificatesNotRenewed',
    fires: { ...all('gatehouse_svid_expiry_seconds', '800x60'), ...all('gatehouse_svid_ttl_seconds', '3600x60') },
    quiet: { ...all('gatehouse_svid_expiry_seconds', '1000x60'), ...all('gatehouse_svid_ttl_seconds', '3600x60') },
  },
  {
    alert: 'CertificatesRanOut',
    fires: all('gatehouse_svid_lapsed_total', '0x25 1x30'),
    quiet: all('gatehouse_svid_lapsed_total', '7x60'),
  },
  {
    alert: 'AuthorityEnds',
    fires: all('gatehouse_authority_expiry_seconds', '2000000x90', ', slot="active"'),
    quiet: all('gatehouse_authority_expiry_seconds', '2000000x90', ', slot="old"'),
    minutes: 80,
  },
  {
    alert: 'UpstreamCA',
    fires: all('gatehouse_upstream_expiry_seconds', '86400x60'),
    quiet: all('gatehouse_upstream_expiry_seconds', '+Inf '.repeat(40).trim()),
  },
  {
    alert: 'UpstreamCA',
    fires: all('gatehouse_upstream_findings', '1x60', ', code="ends_soon"'),
    quiet: all('gatehouse_upstream_findings', '0x60', ', code="ends_soon"'),
  },
  {
    alert: 'ABundleDoesNotArrive',
    fires: all('gatehouse_bundle_unacknowledged', '1x60'),
    quiet: all('gatehouse_bundle_unacknowledged', '1x26 0x2 1x60'),
  },
  { alert: 'TaintPaused', fires: all('gatehouse_taint_paused', '1x60'), quiet: all('gatehouse_taint_paused', '0x60') },
  {
    alert: 'RenewalsWait',
    fires: all('gatehouse_renewals_waiting', '5x60'),
    quiet: all('gatehouse_renewals_waiting', '5x22 0x2 5x60'),
  },
  { alert: 'StoreAway', fires: all('gatehouse_store_up', '0x60'), quiet: all('gatehouse_store_up', '1x60') },
  {
    alert: 'Descriptors',
    fires: { ...all('gatehouse_open_descriptors', '950x60'), ...all('gatehouse_max_descriptors', '1000x60') },
    quiet: { ...all('gatehouse_open_descriptors', '850x60'), ...all('gatehouse_max_descriptors', '1000x60') },
  },
  {
    alert: 'DeciderOutOfTouch',
    fires: all('gatehouse_feed_age_seconds', '31x60'),
    quiet: all('gatehouse_feed_age_seconds', '2x60'),
  },
  {
    alert: 'DeciderSilent',
    fires: all('gatehouse_remote_silent', '1x60'),
    quiet: all('gatehouse_remote_silent', '1x3 0x60'),
  },
  {
    alert: 'Slow',
    fires: {
      ...all('gatehouse_check_seconds_bucket', '0+90x60', ', le="0.001"'),
      ...all('gatehouse_check_seconds_bucket', '0+100x60', ', le="0.002"'),
      ...all('gatehouse_check_seconds_bucket', '0+100x60', ', le="+Inf"'),
    },
    quiet: {
      ...all('gatehouse_check_seconds_bucket', '0+100x60', ', le="0.001"'),
      ...all('gatehouse_check_seconds_bucket', '0+100x60', ', le="0.002"'),
      ...all('gatehouse_check_seconds_bucket', '0+100x60', ', le="+Inf"'),
    },
  },
  {
    alert: 'ManyRefusals',
    fires: all('gatehouse_check_total', '0+600x60', ', decision="deny", reason="no_rule_allowed"'),
    quiet: all('gatehouse_check_total', '0+30x60', ', decision="deny", reason="no_rule_allowed"'),
  },
  {
    alert: 'ManyRefusals',
    fires: all(
      'gatehouse_check_total',
      `0+600x60 _x${WEEK - 60} 0+6000x60`,
      ', decision="deny", reason="no_rule_allowed"',
    ),
    quiet: all(
      'gatehouse_check_total',
      `0+600x60 _x${WEEK - 60} 0+600x60`,
      ', decision="deny", reason="no_rule_allowed"',
    ),
    minutes: WEEK + 30,
  },
  {
    alert: 'DecisionsUnlogged',
    fires: all('gatehouse_decision_log_dropped_total', '0+5x60'),
    quiet: all('gatehouse_decision_log_dropped_total', '5x60'),
  },
  {
    alert: 'Strangers',
    fires: all('gatehouse_peer_unverified_total', '0+5x60'),
    quiet: all('gatehouse_peer_unverified_total', '5x60'),
  },
];

/** A test of promtool: whether the alert fires in the world. */
function unitTest({ alert, minutes = 30 }: (typeof worlds)[number], series: Series, count: number): object {
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
  it('are rules of Prometheus', () => assert.match(promtool(['check', 'rules', RULES]), /22 rules found/));

  it('are all tried', () => {
    const tried = new Set(worlds.map(({ alert }) => `Gatehouse${alert}`));
    assert.deepEqual([...tried].sort(), rules.map(({ alert }) => alert).sort());
  });

  it('fire in the world that each is for, and not in the nearest other one', async () => {
    await using directory = await tempDir('gatehouse-promtool-');
    const file = join(directory.path, 'alerts.yaml');
    for (const [interval, some] of Map.groupBy(worlds, ({ minutes }) => (minutes === undefined ? '1m' : '5m'))) {
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
