import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { runCommandLine } from '../../../../src/cli/program.ts';
import { recordingTerminal } from '../../../support/recording-terminal.ts';
import { type GivenRule, securityGroup } from '../../../support/security-group.ts';
import { type TempDir, tempDir } from '../../../support/temp-dir.ts';

const pod = (name: string, address: string): string => `apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: shop, labels: { app: ${name} } }
spec: { serviceAccountName: ${name}, containers: [{ name: main, image: x, ports: [{ name: http, containerPort: 8080 }] }] }
status: { podIP: ${address}, podIPs: [{ ip: ${address} }] }
---
`;
const registry = `apiVersion: v1
kind: Namespace
metadata: { name: shop }
---
${pod('web', '10.1.0.1')}${pod('api', '10.2.0.3')}`;
const mesh = `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: api, namespace: shop }
spec:
  selector: { matchLabels: { app: api } }
  rules:
  - from: [{ source: { principals: [cluster.local/ns/shop/sa/web] } }]
    to: [{ operation: { methods: [GET], ports: ["8080"] } }]
`;
const opened: GivenRule = {
  name: 'web-to-api',
  priority: 100,
  sourceAddressPrefix: '10.1.0.0/16',
  destinationPortRange: '8080',
};
const closed: GivenRule = { name: 'no-web', priority: 100, access: 'Deny', sourceAddressPrefix: '10.1.0.0/16' };

const siteRules = (...rules: string[]): string =>
  `apiVersion: site.gatehouse.dev/v1
kind: SiteRules
metadata: { name: corporate }
spec:
  default: deny
  rules:
${rules.map((rule) => `  - ${rule}\n`).join('')}`;

/** What is read of a finding of lint. */
interface LintRow {
  readonly code: string;
  readonly file: string;
  readonly line: number;
  readonly message: string;
  readonly others?: readonly { readonly kind: string; readonly policy: string; readonly rule: number | null }[];
}

describe("the site's own layer, by commands", () => {
  let dir: TempDir;
  beforeEach(async () => {
    dir = await tempDir();
    writeFileSync(`${dir.path}/policies.yaml`, mesh);
    writeFileSync(`${dir.path}/registry.yaml`, registry);
    config('gatehouse.yaml', 'edge.json', closed);
  });
  afterEach(() => dir[Symbol.asyncDispose]());

  function config(name: string, group: string, rule: GivenRule, site = 'observe', more: object = {}): void {
    writeFileSync(`${dir.path}/${group}`, JSON.stringify(securityGroup([rule]), null, 2));
    const document = {
      trustDomain: 'cluster.local',
      policies: {
        paths: ['policies.yaml'],
        planes: { site },
        site: {
          paths: [{ path: group, subnets: ['10.2.0.0/16'] }],
          tags: { VirtualNetwork: ['10.0.0.0/8'], Internet: { except: ['10.0.0.0/8'] } },
        },
      },
      registry: { paths: ['registry.yaml'] },
      ...more,
    };
    const lines = Object.entries(document).map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`);
    writeFileSync(`${dir.path}/${name}`, lines.join(''));
  }

  async function run(...words: string[]) {
    const terminal = recordingTerminal();
    await runCommandLine(['policy', ...words], terminal);
    return terminal.said;
  }
  const place = (name = 'gatehouse.yaml'): string[] => ['--config', `${dir.path}/${name}`];

  it('is asked by a map if it is named, and by no other', async () => {
    const plain = await run('map', ...place(), '--from', 'shop/web', '--to', 'shop/api');
    assert.match(plain.out, /GET/);
    const { out, code } = await run(
      'map',
      ...place(),
      '--from',
      'shop/web',
      '--to',
      'shop/api',
      '--planes',
      'istio,site',
    );
    assert.equal(code, 0);
    assert.match(out, /nobody reaches anybody/);
    config('gatehouse.yaml', 'edge.json', opened);
    const open = await run('map', ...place(), '--from', 'shop/web', '--to', 'shop/api', '--planes', 'site');
    assert.match(open.out, /web/);
  });

  it('is combined where the configuration enforces it', async () => {
    config('gatehouse.yaml', 'edge.json', closed, 'enforce');
    const { out } = await run('map', ...place(), '--from', 'shop/web', '--to', 'shop/api');
    assert.match(out, /nobody reaches anybody/);
    assert.match(out, /planes: istio, site/);
  });

  it('has its changes told, with the rule', async () => {
    config('new.yaml', 'new.json', opened);
    const { out, code, err } = await run(
      'diff',
      `${dir.path}/gatehouse.yaml`,
      `${dir.path}/new.yaml`,
      '--planes',
      'istio,site',
      '--output',
      'json',
    );
    assert.equal(code, 1, err);
    const { added } = JSON.parse(out);
    assert.equal(added.length, 1);
    assert.match(JSON.stringify(added[0]), /new\.json/);
  });

  const question = JSON.stringify({
    source: { principal: 'spiffe://cluster.local/ns/shop/sa/web', address: '10.1.0.1' },
    destination: { principal: 'spiffe://cluster.local/ns/shop/sa/api', address: '10.2.0.3', port: 8080 },
    http: { method: 'GET', path: '/' },
  });
  const request = (): string => {
    writeFileSync(`${dir.path}/request.json`, question);
    return `${dir.path}/request.json`;
  };

  it('is explained beside what decides, and decides nothing', async () => {
    const { out, code } = await run('explain', ...place(), '--request', request(), '--output', 'json');
    const { decision, planes, stages } = JSON.parse(out);
    assert.deepEqual([decision, code], ['allow', 0]);
    const site = planes.find(({ plane }: { plane: string }) => plane === 'site');
    assert.deepEqual([site.mode, site.decision, site.rule], ['observe', 'deny', 0]);
    const inbound = stages.find(({ stage }: { stage: string }) => stage === 'shop/edge inbound');
    assert.equal(inbound.decision, 'deny');
    assert.ok(inbound.policies[0].rules[0].line > 1);
    assert.match(inbound.policies[0].file, /edge\.json$/);
  });

  it('decides where it is enforced', async () => {
    config('gatehouse.yaml', 'edge.json', closed, 'enforce');
    const { out, code } = await run('explain', ...place(), '--request', request(), '--output', 'json');
    const { decision, reason, policy } = JSON.parse(out);
    assert.deepEqual([code, decision, reason], [1, 'deny', 'rule_denied']);
    assert.match(policy, /edge/);
  });

  it('has the places of clauses told, of JSON and of YAML', async () => {
    const mistaken = { ...closed, sourceAddressPrefix: '', sourceAddressPrefixes: ['192.0.2.0/24'] };
    config('gatehouse.yaml', 'edge.json', mistaken, 'enforce');
    const first = await missOf('NetworkSecurityGroup');
    assert.deepEqual(
      [first.path, first.values, first.patterns],
      ['securityRules[0].sourceAddressPrefixes', ['10.1.0.1'], ['192.0.2.0/24']],
    );
    assert.match(lineOf('edge.json', first.line), /"sourceAddressPrefixes": \[/);
    writeFileSync(dir.at('edge.json'), siteRules('{ name: office, priority: 10, action: allow,\n      ports: [443] }'));
    const port = await missOf('SiteRules');
    assert.deepEqual([port.path, port.values], ['spec.rules[0].ports', ['8080']]);
    assert.match(lineOf('edge.json', port.line), /ports: \[443\]/);
  });

  it('has no place told of what the file does not say, as the subnets that a group guards', async () => {
    config('gatehouse.yaml', 'edge.json', { ...opened, destinationPortRange: '*', direction: 'Outbound' }, 'enforce');
    const { out } = await run('explain', ...place(), '--request', request(), '--output', 'json');
    const misses: Miss[] = JSON.parse(out).nearMisses;
    const guard = misses.filter(({ first }) => first.patterns.includes('10.2.0.0/16'));
    assert.deepEqual(
      guard.map(({ first }) => first.path),
      guard.map(() => null),
    );
    assert.notEqual(guard.length, 0);
  });

  interface Miss {
    readonly kind: string;
    readonly first: { path: string | null; line: number; values: string[]; patterns: string[] };
  }
  async function missOf(kind: string): Promise<Miss['first']> {
    const { out } = await run('explain', ...place(), '--request', request(), '--output', 'json');
    const misses: Miss[] = JSON.parse(out).nearMisses;
    return misses.find((miss) => miss.kind === kind && miss.first.path !== null)!.first;
  }
  const lineOf = (file: string, line: number): string => readFileSync(dir.at(file), 'utf8').split('\n')[line - 1] ?? '';

  it('lets lint tell the rules of the site that decide nothing', async () => {
    const wide = '{ name: wide, priority: 10, action: allow, from: [10.0.0.0/8] }';
    const narrow = '{ name: narrow, priority: 20, action: allow, from: [10.1.0.0/16], ports: [443] }';
    const late = '{ name: late, priority: 30, action: deny, from: [10.2.0.0/16] }';
    writeFileSync(dir.at('edge.json'), siteRules(wide, narrow, late));
    const { out } = await run('lint', ...place(), dir.at('policies.yaml'), '--output', 'json');
    const found: LintRow[] = JSON.parse(out).findings;
    const ofSite = found.filter(({ file }) => file.endsWith('edge.json'));
    assert.deepEqual(
      ofSite.map(({ code, line }) => [code, line]),
      [
        ['rule-redundant', 8],
        ['rule-shadowed', 9],
      ],
    );
    for (const { message, others } of ofSite) {
      assert.match(message, /edge\.json:7\)/);
      assert.deepEqual(others, [
        { kind: 'SiteRules', policy: 'corporate', rule: 0, file: dir.at('edge.json'), line: 7, column: 5 },
      ]);
    }
  });

  for (const [name, text, lines] of [
    [
      'SiteRules',
      siteRules(
        '{ name: all, priority: 10, action: allow, from: [10.0.0.0/8] }',
        '{ name: rest, priority: 20, action: allow }',
      ),
      ['rule-redundant 7'],
    ],
    ['a group', JSON.stringify(securityGroup([{ priority: 4096 }, { priority: 4096, direction: 'Outbound' }])), []],
  ] as const)
    it(`lets lint say nothing of the default rules of ${name}, which nobody can remove`, async () => {
      writeFileSync(dir.at('edge.json'), text);
      const { out } = await run('lint', ...place(), dir.at('policies.yaml'), '--output', 'json');
      const found: { code: string; file: string; line: number }[] = JSON.parse(out).findings;
      assert.deepEqual(
        found.filter(({ file }) => file.endsWith('edge.json')).map(({ code, line }) => `${code} ${line}`),
        lines,
      );
    });

  it('lets lint tell by its place the rule of the site that keeps out whom layer 7 lets in', async () => {
    const { out } = await run('lint', ...place(), dir.at('policies.yaml'), '--output', 'json');
    const found: LintRow[] = JSON.parse(out).findings;
    const [dead] = found.filter(({ code }) => code === 'l7-allow-l4-deny');
    assert.match(dead?.message ?? '', /the site's own layer, .*: rule 0 \(.*edge\.json:\d+\) denies it/);
    assert.deepEqual(
      dead?.others?.map(({ kind, policy, rule }) => [kind, policy, rule]),
      [['NetworkSecurityGroup', 'shop/edge', 0]],
    );
  });

  it('lets lint tell the rule of a group that another one shadows, by its place', async () => {
    config('gatehouse.yaml', 'edge.json', closed);
    const web = { ...opened, priority: 200, sourceAddressPrefix: '10.1.0.0/24' };
    writeFileSync(dir.at('edge.json'), JSON.stringify(securityGroup([closed, web]), null, 2));
    const { out } = await run('lint', ...place(), dir.at('policies.yaml'), '--output', 'json');
    const found: LintRow[] = JSON.parse(out).findings;
    const shadowed = found.filter(({ code, file }) => code === 'rule-shadowed' && file.endsWith('edge.json'));
    assert.equal(shadowed.length, 1);
    assert.match(shadowed[0]!.message, /rule 1 of NetworkSecurityGroup shop\/edge .* by rule 0 .*edge\.json:\d+\)/);
    assert.deepEqual(
      shadowed[0]!.others?.map(({ kind, policy, rule }) => [kind, policy, rule]),
      [['NetworkSecurityGroup', 'shop/edge', 0]],
    );
  });

  it('names the rule of the site that decides a pair of a map', async () => {
    config('gatehouse.yaml', 'edge.json', opened, 'enforce');
    const pair = ['--from', 'shop/web', '--to', 'shop/api', '--output', 'json'];
    const { out, code, err } = await run('map', ...place(), ...pair);
    assert.equal(code, 0, err);
    assert.match(out, /edge\.json/);
    const line = Number(/edge\.json","line":(\d+)/.exec(JSON.stringify(JSON.parse(out)))?.[1]);
    assert.match(lineOf('edge.json', line), /\{/);
    assert.match(lineOf('edge.json', line + 1), /"access": "Allow"/);
  });

  it('changes what is proved of a tenant, by the rule that keeps others out', async () => {
    writeFileSync(dir.at('policies.yaml'), mesh.replace(/ {2}rules:[\s\S]*/, '  rules: [{}]\n'));
    const stranger = `apiVersion: v1\nkind: Namespace\nmetadata: { name: other }\n---\n${pod('cron', '10.3.0.9')}`;
    writeFileSync(dir.at('registry.yaml'), `${registry}${stranger.replace('namespace: shop', 'namespace: other')}`);
    config('gatehouse.yaml', 'edge.json', opened, 'enforce', { tenants: { shop: { namespaces: ['shop'] } } });
    const prove = async (action: string) => {
      writeFileSync(
        dir.at('edge.json'),
        siteRules(
          `{ name: others, priority: 10, action: ${action}, from: [10.3.0.0/16] }`,
          '{ name: rest, priority: 20, action: allow }',
        ),
      );
      const { out, err, code } = await run('prove', ...place(), '--output', 'json');
      assert.notEqual(code, 2, err);
      return JSON.parse(out).tenants.find(({ direction }: { direction: string }) => direction === 'in');
    };
    assert.equal((await prove('allow')).proved, false);
    const { proved, by } = await prove('deny');
    assert.equal(proved, true);
    assert.ok(by.some(({ plane, policy }: Record<string, string>) => plane === 'site' && policy === 'corporate'));
  });

  it('lets lint say that a rule of layer 7 lets in whom it keeps out', async () => {
    const { out, code } = await run('lint', ...place(), `${dir.path}/policies.yaml`, '--output', 'json');
    const found = JSON.parse(out).findings.filter((each: { code: string }) => each.code === 'l7-allow-l4-deny');
    assert.equal(code, 1);
    assert.equal(found.length, 1);
    assert.match(found[0].message, /shop\/edge inbound: rule 0 \(.*edge\.json:\d+\) denies it/);
    config('gatehouse.yaml', 'edge.json', opened);
    const open = await run('lint', ...place(), `${dir.path}/policies.yaml`, '--output', 'json');
    assert.doesNotMatch(open.out, /l7-allow-l4-deny/);
  });

  it('is no policy of the cluster: alone, it allows nothing', async () => {
    config('gatehouse.yaml', 'edge.json', opened, 'enforce');
    writeFileSync(`${dir.path}/policies.yaml`, '# none\n');
    const { out } = await run('explain', ...place(), '--request', request(), '--output', 'json');
    const { decision, reason } = JSON.parse(out);
    assert.deepEqual([decision, reason], ['deny', 'no_policies']);
  });

  for (const [name, text] of [
    ['edge.json', JSON.stringify(securityGroup([opened]))],
    ['list.json', JSON.stringify([securityGroup([opened])])],
    [
      'corporate.yaml',
      'apiVersion: site.gatehouse.dev/v1\nkind: SiteRules\nmetadata: { name: a }\nspec: { rules: [], default: deny }\n',
    ],
  ] as const)
    it(`is not passed over in a path of other policies: ${name}`, async () => {
      writeFileSync(`${dir.path}/${name}`, text);
      const { out, code } = await run('check', `${dir.path}/${name}`, `${dir.path}/policies.yaml`, '--output', 'json');
      const errors = JSON.parse(out).findings.filter((each: { severity: string }) => each.severity === 'error');
      assert.equal(code, 1);
      assert.deepEqual(
        errors.map((each: { code: string }) => each.code),
        ['kind-unknown'],
      );
      assert.match(errors[0].fix, /policies\.site\.paths/);
    });

  it('fails with one error where a file cannot be read', async () => {
    writeFileSync(`${dir.path}/edge.json`, '{"name": "edge", "securityRules": [');
    const { err, code } = await run('map', ...place());
    assert.equal(code, 2);
    assert.match(err, /edge\.json:1: the file is cut short/);
  });
});
