import assert from 'node:assert/strict';
import { RuleHits } from '../../../../src/authz/record/rule-hits.ts';
import { compileSnapshot } from '../../../../src/policy/compile/compile-snapshot.ts';
import { decision } from '../../../../src/policy/decision.ts';
import type { PolicyModel } from '../../../../src/policy/model.ts';
import { modelOf } from '../../../support/model-of.ts';
import { type PlainFacts, plainFacts } from '../../../support/plain-facts.ts';

const istio = (name: string, spec: string, annotations = ''): string =>
  `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: ${name}, namespace: default, annotations: { ${annotations} } }
spec: ${spec}
---
`;
const dryRun = '"istio.io/dry-run": "true"';
const pod = (name: string, ip: string): string =>
  `apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: default, labels: { app: ${name} } }
spec: { serviceAccountName: ${name} }
status: { phase: Running, podIPs: [{ ip: ${ip} }] }
---
`;
const registry = `apiVersion: v1
kind: Namespace
metadata: { name: default }
---
${pod('details', '10.0.0.1')}${pod('web', '10.0.0.2')}`;
const network = (name: string, spec: string): string =>
  `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: ${name}, namespace: default }\nspec: ${spec}\n---\n`;

const web = {
  source: '10.0.0.2',
  address: '10.0.0.1',
  sourcePrincipal: '',
  peerNames: ['spiffe://cluster.local/ns/default/sa/web'],
};

/** What is counted of some requests, as `plane direction name rule: count`. */
function counted(model: PolicyModel, requests: readonly PlainFacts[]): readonly string[] {
  const snapshot = compileSnapshot(model, { allowEmpty: false });
  const hits = new RuleHits();
  for (const [i, facts] of requests.entries()) hits.count(snapshot.decide(plainFacts({ ...web, ...facts })), i);
  return hits
    .take()
    .map(({ plane, direction, name, index, count }) => `${plane} ${direction} ${name} ${index}: ${count}`)
    .toSorted();
}

describe('RuleHits', () => {
  const cases: readonly {
    readonly name: string;
    readonly model: PolicyModel;
    readonly requests: readonly PlainFacts[];
    readonly want: readonly string[];
  }[] = [
    {
      name: 'the rule that allows, the rule that denies, and none where none held',
      model: modelOf(
        istio(
          'read',
          '{ action: ALLOW, rules: [{ to: [{ operation: { methods: [GET] } }] }, { to: [{ operation: { methods: [PUT] } }] }] }',
        ) + istio('never', '{ action: DENY, rules: [{ to: [{ operation: { paths: [/admin] } }] }] }'),
      ),
      requests: [{}, {}, { path: '/admin' }, { method: 'PUT' }, { method: 'POST' }],
      want: ['istio ingress never 0: 1', 'istio ingress read 0: 2', 'istio ingress read 1: 1'],
    },
    {
      name: 'of several planes and both directions every rule that had to let it pass',
      model: modelOf(
        istio('read', '{ action: ALLOW, rules: [{ to: [{ operation: { methods: [GET] } }] }] }') +
          network(
            'in',
            '{ podSelector: { matchLabels: { app: details } }, ingress: [{ ports: [{ port: 1 }] }, { from: [{ podSelector: {} }] }] }',
          ) +
          network('out', '{ podSelector: { matchLabels: { app: web } }, policyTypes: [Egress], egress: [{}] }'),
        { registry },
      ),
      requests: [{}, {}, {}],
      want: ['istio ingress read 0: 3', 'l4 egress out 0: 3', 'l4 ingress in 1: 3'],
    },
    {
      name: 'of a request that one plane denies that plane alone',
      model: modelOf(
        istio('read', '{ action: ALLOW, rules: [{}] }') +
          istio('never', '{ action: DENY, rules: [{ to: [{ operation: { methods: [PUT] } }] }] }') +
          network('in', '{ podSelector: { matchLabels: { app: details } }, ingress: [{}] }'),
        { registry },
      ),
      requests: [{ method: 'PUT' }],
      want: ['istio ingress never 0: 1'],
    },
    {
      name: 'of dry-run and audit policies what they would have decided, and report',
      model: modelOf(
        istio('read', '{ action: ALLOW, rules: [{}] }') +
          istio('soon', '{ action: DENY, rules: [{ to: [{ operation: { methods: [PUT] } }] }] }', dryRun) +
          istio('seen', '{ action: AUDIT, rules: [{ to: [{ operation: { methods: [PUT, GET] } }] }] }'),
      ),
      requests: [{ method: 'PUT' }, {}, { method: 'POST' }],
      want: ['istio ingress read 0: 3', 'istio ingress seen 0: 2', 'istio ingress soon 0: 1'],
    },
    {
      name: 'of observed planes what they would have decided',
      model: modelOf(
        istio('read', '{ action: ALLOW, rules: [{}] }') +
          network('in', '{ podSelector: { matchLabels: { app: details } }, ingress: [{ ports: [{ port: 8080 }] }] }'),
        { registry, planes: { calico: 'off', l4: 'observe' } },
      ),
      requests: [{}, { destinationPort: 1 }],
      want: ['istio ingress read 0: 2', 'l4 ingress in 0: 1'],
    },
  ];
  for (const { name, model, requests, want } of cases)
    it(`counts ${name}`, () => assert.deepEqual(counted(model, requests), want));

  it('says when last, begins anew with each take, and counts refusals of no rule for nobody', () => {
    const snapshot = compileSnapshot(modelOf(istio('read', '{ action: ALLOW, rules: [{}] }')), { allowEmpty: false });
    const hits = new RuleHits();
    for (const atMs of [5, 9]) hits.count(snapshot.decide(plainFacts(web)), atMs);
    hits.count(decision(undefined, 'deny', 'not_ready'), 10);
    assert.deepEqual(
      hits.take().map(({ namespace, count, lastAt }) => [namespace, count, lastAt]),
      [['default', 2, 9]],
    );
    assert.deepEqual(hits.take(), []);
    hits.count(snapshot.decide(plainFacts(web)), 11);
    assert.deepEqual(
      hits.take().map(({ count }) => count),
      [1],
    );
  });
});
