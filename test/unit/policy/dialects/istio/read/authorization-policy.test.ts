import assert from 'node:assert/strict';
import type { Expr, Policy, Rule } from '../../../../../../src/policy/model.ts';
import { type ReadOptions, readPolicies } from '../../../../../../src/policy/read-policies.ts';

const options: ReadOptions = {
  trustDomain: 'cluster.local',
  trustDomainAliases: [],
  rootNamespace: 'istio-system',
  customProviders: { opa: 'envoy' },
};

function read(spec: string, metadata = 'name: a, namespace: foo', more: Partial<ReadOptions> = {}) {
  const text = `apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {${metadata}}\nspec: ${spec}\n`;
  const { documents, findings } = readPolicies('a.yaml', text, { ...options, ...more });
  assert.deepEqual(
    findings.filter(({ severity }) => severity === 'error'),
    [],
  );
  return documents[0]?.contribution;
}

function policyOf(...from: Parameters<typeof read>): Policy {
  const contribution = read(...from);
  assert.ok(contribution?.to === 'istio-rules');
  return contribution.policy;
}

const ruleOf = (action: string, rule: string): Rule => policyOf(`{action: ${action}, rules: [${rule}]}`).rules[0]!;

const TRUE: Expr = { op: 'all', of: [] };
const NEVER: Expr = { op: 'any', of: [] };
const text = (of: 'method' | 'path' | 'host' | 'peerName', value: string): Expr => ({
  op: 'text',
  fact: { of },
  any: [{ is: 'exact', value }],
});
const port = (number: number): Expr => ({ op: 'port', fact: 'destinationPort', any: [{ from: number, to: number }] });
const claim = (path: string[], value: string): Expr => ({
  op: 'text',
  fact: { of: 'claim', path },
  any: [{ is: 'exact', value }],
});

describe('AuthorizationPolicy', () => {
  it('joins the alternatives of from and to by OR, the parts by AND', () => {
    const rule = ruleOf(
      'ALLOW',
      '{from: [{source: {principals: [p/q], notPrincipals: [r/s]}}, {source: {principals: [t/u]}}], to: [{operation: {methods: [GET], paths: [/a]}}, {operation: {ports: ["1"]}}], when: [{key: destination.port, values: ["2"]}]}',
    );
    assert.deepEqual(rule.http, {
      op: 'all',
      of: [
        {
          op: 'any',
          of: [
            { op: 'all', of: [text('peerName', 'spiffe://p/q'), { op: 'not', of: text('peerName', 'spiffe://r/s') }] },
            text('peerName', 'spiffe://t/u'),
          ],
        },
        { op: 'any', of: [{ op: 'all', of: [text('method', 'GET'), text('path', '/a')] }, port(1)] },
        port(2),
      ],
    });
    assert.deepEqual(rule.position, { file: 'a.yaml', line: 4, column: 31 });
  });

  const shapes: readonly { name: string; action: string; rule: string; http: Expr; tcp: Expr | undefined }[] = [
    { name: 'an empty rule holds always', action: 'ALLOW', rule: '{}', http: TRUE, tcp: TRUE },
    {
      name: 'an empty from asks nothing',
      action: 'ALLOW',
      rule: '{from: [], to: [{operation: {ports: ["1"]}}]}',
      http: port(1),
      tcp: port(1),
    },
    {
      name: 'HTTP fields take an ALLOW rule away on TCP',
      action: 'ALLOW',
      rule: '{to: [{operation: {methods: [GET], ports: ["1"]}}]}',
      http: { op: 'all', of: [text('method', 'GET'), port(1)] },
      tcp: undefined,
    },
    {
      name: 'one HTTP alternative takes the whole ALLOW rule away',
      action: 'ALLOW',
      rule: '{to: [{operation: {paths: [/a]}}, {operation: {ports: ["1"]}}]}',
      http: { op: 'any', of: [text('path', '/a'), port(1)] },
      tcp: undefined,
    },
    {
      name: 'HTTP fields fall out of a DENY rule on TCP',
      action: 'DENY',
      rule: '{to: [{operation: {methods: [GET], ports: ["1"]}}]}',
      http: { op: 'all', of: [text('method', 'GET'), port(1)] },
      tcp: port(1),
    },
    {
      name: 'a DENY rule of HTTP fields denies everything on TCP',
      action: 'DENY',
      rule: '{to: [{operation: {paths: [/a]}}]}',
      http: text('path', '/a'),
      tcp: TRUE,
    },
    {
      name: 'one emptied alternative makes a DENY match all',
      action: 'DENY',
      rule: '{from: [{source: {requestPrincipals: [i/s]}}, {source: {principals: [p/q]}}]}',
      http: {
        op: 'any',
        of: [{ op: 'all', of: [claim(['iss'], 'i'), claim(['sub'], 's')] }, text('peerName', 'spiffe://p/q')],
      },
      tcp: TRUE,
    },
    {
      name: 'not forms fall out too',
      action: 'DENY',
      rule: '{to: [{operation: {notPaths: [/a], ports: ["1"]}}]}',
      http: { op: 'all', of: [{ op: 'not', of: text('path', '/a') }, port(1)] },
      tcp: port(1),
    },
    {
      name: 'AUDIT widens as DENY does',
      action: 'AUDIT',
      rule: '{to: [{operation: {hosts: [a]}}]}',
      http: { op: 'text', fact: { of: 'host' }, any: [{ is: 'exact', value: 'a', ignoreCase: true }] },
      tcp: TRUE,
    },
    {
      name: 'a name that cannot be read takes an ALLOW rule away',
      action: 'ALLOW',
      rule: '{when: [{key: "request.headers.a[b]", values: [x]}]}',
      http: NEVER,
      tcp: undefined,
    },
    {
      name: 'a name that cannot be read falls out of a DENY',
      action: 'DENY',
      rule: '{when: [{key: "request.headers.a[b]", values: [x]}, {key: destination.port, values: ["1"]}]}',
      http: port(1),
      tcp: port(1),
    },
    {
      name: 'a template that Envoy refuses falls out of a DENY',
      action: 'DENY',
      rule: '{to: [{operation: {paths: ["a/{*}"], ports: ["1"]}}]}',
      http: port(1),
      tcp: port(1),
    },
  ];
  for (const { name, action, rule, http, tcp } of shapes) {
    it(name, () => {
      const built = ruleOf(action, rule);
      assert.deepEqual([built.http, built.tcp], [http, tcp]);
    });
  }

  const facts: readonly { key: string; value: string; want: Expr }[] = [
    {
      key: 'request.headers[X-Token]',
      value: 'a',
      want: { op: 'text', fact: { of: 'header', name: 'x-token' }, any: [{ is: 'exact', value: 'a' }] },
    },
    {
      key: 'request.headers[Host]',
      value: 'a',
      want: { op: 'text', fact: { of: 'header', name: ':authority' }, any: [{ is: 'exact', value: 'a' }] },
    },
    { key: 'request.auth.audiences', value: 'a', want: claim(['aud'], 'a') },
    { key: 'request.auth.presenter', value: 'a', want: claim(['azp'], 'a') },
    { key: 'request.auth.claims[a][b.c]', value: 'x', want: claim(['a', 'b.c'], 'x') },
    { key: 'request.auth.claims[a]b[c]', value: 'x', want: claim(['a]b[c'], 'x') },
    {
      key: 'connection.sni',
      value: 'A',
      want: { op: 'text', fact: { of: 'sni' }, any: [{ is: 'exact', value: 'A' }] },
    },
    { key: 'source.ip', value: '10.1.2.3/8', want: { op: 'address', fact: 'source', any: [{ text: '10.0.0.0/8' }] } },
    { key: 'remote.ip', value: '10.1.2.3', want: { op: 'address', fact: 'remote', any: [{ text: '10.1.2.3/32' }] } },
    {
      key: 'destination.ip',
      value: 'FD00:0::1',
      want: { op: 'address', fact: 'destination', any: [{ text: 'fd00::1/128' }] },
    },
    { key: 'destination.port', value: '0080', want: port(80) },
    {
      key: 'experimental.envoy.filters.a.b[c]',
      value: 'x',
      want: {
        op: 'text',
        fact: { of: 'metadata', filter: 'envoy.filters.a.b', path: ['c'], list: false },
        any: [{ is: 'exact', value: 'x' }],
      },
    },
    {
      key: 'experimental.envoy.filters.a.b[c]',
      value: '[x*]',
      want: {
        op: 'text',
        fact: { of: 'metadata', filter: 'envoy.filters.a.b', path: ['c'], list: true },
        any: [{ is: 'prefix', value: 'x' }],
      },
    },
  ];
  for (const { key, value, want } of facts) {
    it(`asks ${key} for ${value}`, () => {
      const rule = ruleOf('ALLOW', `{when: [{key: "${key}", values: ["${value}"]}]}`);
      assert.deepEqual(rule.http, want);
    });
  }

  it('asks for values and notValues of one key together', () => {
    const rule = ruleOf('ALLOW', '{when: [{key: "request.auth.claims[a]", values: [x], notValues: [z]}]}');
    assert.deepEqual(rule.http, { op: 'all', of: [claim(['a'], 'x'), { op: 'not', of: claim(['a'], 'z') }] });
  });

  it('expands principals over trust-domain aliases, in both forms', () => {
    const more = { trustDomain: 'new', trustDomainAliases: ['old'] };
    const policy = policyOf(
      '{rules: [{from: [{source: {notPrincipals: [cluster.local/ns/a/sa/b]}}]}]}',
      undefined,
      more,
    );
    const any = ['new', 'old'].map((trustDomain) => ({ is: 'exact', value: `spiffe://${trustDomain}/ns/a/sa/b` }));
    assert.deepEqual(policy.rules[0]?.http, { op: 'not', of: { op: 'text', fact: { of: 'peerName' }, any } });
  });

  it('applies to its own namespace, or from the root namespace to all', () => {
    const spec = '{selector: {matchLabels: {app: a, v: "1"}}}';
    assert.deepEqual(policyOf(spec).subject, { namespace: 'foo', labels: [['app', 'a'], ['v', '1']] }); // biome-ignore format: a row
    assert.deepEqual(policyOf('{}', 'name: a, namespace: istio-system').subject, { namespace: undefined, labels: [] });
  });

  it('speaks of no workload behind a sidecar if it has targets', () => {
    assert.equal(read('{targetRefs: [{group: "", kind: Service, name: a}], rules: [{}]}'), undefined);
  });

  it('files each action under its stage, with its effect', () => {
    const stages = ['ALLOW', 'DENY', 'AUDIT', 'CUSTOM'].map((action) => {
      const contribution = read(
        `{action: ${action}, rules: [{}]${action === 'CUSTOM' ? ', provider: {name: opa}' : ''}}`,
      );
      assert.ok(contribution?.to === 'istio-rules');
      return [contribution.stage, contribution.policy.rules[0]?.effect];
    });
    assert.deepEqual(stages, [['any-allow', 'allow'], ['any-deny', 'deny'], ['audit', 'log'], ['delegate', 'deny']]); // biome-ignore format: a row
  });

  it('says who asks the provider of a CUSTOM policy', () => {
    const asked = (provider: string): unknown =>
      policyOf(`{action: CUSTOM, provider: {name: ${provider}}, rules: [{}]}`).providerAskedBy;
    assert.deepEqual([asked('opa'), asked('other'), asked('constructor')], ['envoy', 'nobody', 'nobody']);
  });

  it('marks a dry run', () => {
    assert.equal(policyOf('{}', 'name: a, namespace: foo, annotations: {istio.io/dry-run: "T"}').mode, 'dry-run');
    assert.equal(policyOf('{}', 'name: a, namespace: foo, annotations: {istio.io/dry-run: "0"}').mode, 'enforce');
  });

  it('has no rules where none are written: allow nothing', () => assert.deepEqual(policyOf('{}').rules, []));
});
