import assert from 'node:assert/strict';
import type { RequestForm } from '../../../src/admin-api/request-form.ts';
import type { Explanation } from '../../../src/analysis/explain.ts';
import { policyDir, webToApi } from '../../support/explaining.ts';

const istio = (action: string, rules: string, name = 'p', spec = ''): string => `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata:
  name: ${name}
  namespace: default
spec:
  action: ${action} # as the team wants it
${spec}  rules:
${rules}`;

const calico = (ingress: string, more = ''): string => `apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: { name: default.p, namespace: default }
spec:
  selector: app == 'api'
  ${more}
  ingress:
${ingress}`;

const registry = `apiVersion: v1
kind: Namespace
metadata: { name: default, labels: { kubernetes.io/metadata.name: default } }
---
apiVersion: v1
kind: Pod
metadata: { name: web-1, namespace: default, labels: { app: web } }
spec: { serviceAccountName: web }
status: { podIPs: [{ ip: 10.0.0.1 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: api-1, namespace: default, labels: { app: api } }
spec: { serviceAccountName: api }
status: { podIPs: [{ ip: 10.0.0.2 }] }
`;

interface Case {
  readonly name: string;
  readonly policy: string;
  readonly registry?: string;
  readonly request?: RequestForm;
  readonly decision: Explanation['decision'];
  readonly reason: string;
  /** Path and place of the nearest miss's first clause. */
  readonly near?: string;
  /** A line that the patch adds or takes away. */
  readonly patch?: string;
  readonly request_?: string;
}

const cases: readonly Case[] = [
  {
    name: 'a method that the list lacks (flow style)',
    policy: istio('ALLOW', `  - to:\n    - operation: { methods: [POST], paths: ["/orders/*"] }\n`),
    decision: 'deny',
    reason: 'no_rule_allowed',
    near: 'spec.rules[0].to[0].operation.methods 10:29',
    patch: '+    - operation: { methods: [POST, GET], paths: ["/orders/*"] }',
    request_: 'would be allowed if method were "POST"',
  },
  {
    name: 'a method that the list lacks (block style, with comments)',
    policy: istio(
      'ALLOW',
      '  - to:\n    - operation:\n        methods:\n          # reading is for others\n          - "POST" # orders\n',
    ),
    decision: 'deny',
    reason: 'no_rule_allowed',
    near: 'spec.rules[0].to[0].operation.methods 13:11',
    patch: '+          - "GET"',
  },
  {
    name: 'a principal that the list lacks',
    policy: istio('ALLOW', '  - from:\n    - source:\n        principals: ["cluster.local/ns/default/sa/admin"]\n'),
    decision: 'deny',
    reason: 'no_rule_allowed',
    near: 'spec.rules[0].from[0].source.principals 11:21',
    patch: '+        principals: ["cluster.local/ns/default/sa/admin", "cluster.local/ns/default/sa/web"]',
  },
  {
    name: 'a namespace that the list lacks',
    policy: istio('ALLOW', '  - from:\n    - source: { namespaces: [shop] }\n'),
    decision: 'deny',
    reason: 'no_rule_allowed',
    near: 'spec.rules[0].from[0].source.namespaces 10:29',
    patch: '+    - source: { namespaces: [shop, default] }',
  },
  {
    name: 'an address outside of the block',
    policy: istio('ALLOW', '  - from:\n    - source: { ipBlocks: ["192.168.0.0/16"] }\n'),
    decision: 'deny',
    reason: 'no_rule_allowed',
    near: 'spec.rules[0].from[0].source.ipBlocks 10:27',
    patch: '+    - source: { ipBlocks: ["192.168.0.0/16", "10.0.0.1"] }',
    request_: 'would be allowed if source address were "192.168.0.1"',
  },
  {
    name: 'a port that the list lacks',
    policy: istio('ALLOW', '  - to:\n    - operation:\n        ports: ["80"]\n'),
    decision: 'deny',
    reason: 'no_rule_allowed',
    near: 'spec.rules[0].to[0].operation.ports 11:16',
    patch: '+        ports: ["80", "8080"]',
    request_: 'would be allowed if destination port were "80"',
  },
  {
    name: 'a path that is excluded',
    policy: istio('ALLOW', '  - to:\n    - operation: { methods: [GET], notPaths: ["/orders/1", /private] }\n'),
    decision: 'deny',
    reason: 'no_rule_allowed',
    near: 'spec.rules[0].to[0].operation.notPaths 10:46',
    patch: '+    - operation: { methods: [GET], notPaths: [/private] }',
  },
  {
    name: 'the only value that excludes: the field goes',
    policy: istio(
      'ALLOW',
      '  - to:\n    - operation:\n        methods: [GET]\n        notPaths:\n        - /orders/1\n',
    ),
    decision: 'deny',
    reason: 'no_rule_allowed',
    near: 'spec.rules[0].to[0].operation.notPaths 13:9',
    patch: '-        notPaths:',
  },
  {
    name: 'a header condition',
    policy: istio('ALLOW', '  - when:\n    - key: request.headers[x-team]\n      values: [blue]\n'),
    request: webToApi({ headers: { 'x-team': 'red' } }),
    decision: 'deny',
    reason: 'no_rule_allowed',
    near: 'spec.rules[0].when[0].values 11:15',
    patch: '+      values: [blue, red]',
    request_: 'would be allowed if header x-team were "blue"',
  },
  {
    name: 'two clauses of one rule',
    policy: istio('ALLOW', '  - to:\n    - operation: { methods: [POST], paths: [/x] }\n'),
    decision: 'deny',
    reason: 'no_rule_allowed',
    near: 'spec.rules[0].to[0].operation.methods 10:29',
    patch: '+    - operation: { methods: [POST, GET], paths: [/x, /orders/1] }',
    request_: 'would be allowed if method were "POST" and path were "/x"',
  },
  {
    name: 'no rule at all: a new one',
    policy:
      'apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: { name: nothing, namespace: default }\nspec: {}\n',
    decision: 'deny',
    reason: 'no_rule_allowed',
    patch:
      '+spec: { rules: [{ from: [{ source: { principals: [cluster.local/ns/default/sa/web] } }], to: [{ operation: { methods: [GET], paths: [/orders/1] } }] }] }',
  },
  {
    name: 'a DENY that names the path: its caller is left out',
    policy: istio('DENY', '  - to:\n    - operation: { paths: ["/orders*"] }\n'),
    decision: 'deny',
    reason: 'rule_denied',
    patch: '+    from: [{ source: { notPrincipals: [cluster.local/ns/default/sa/web] } }]',
    request_: 'would be allowed if path were "/"',
  },
  {
    name: 'a DENY of a caller without a name: the value goes',
    policy: istio('DENY', '  - to:\n    - operation:\n        paths:\n        - /private\n        - "/orders*"\n'),
    request: webToApi({}, { source: { address: '10.0.0.1' } }),
    decision: 'deny',
    reason: 'rule_denied',
    patch: '-        - "/orders*"',
  },
  {
    name: 'an allow by one of several values',
    policy: istio('ALLOW', '  - to:\n    - operation: { methods: [GET, POST] }\n'),
    decision: 'allow',
    reason: 'rule_allowed',
    patch: '+    - operation: { methods: [POST] }',
    request_: 'would be denied if method were "PUT"',
  },
  {
    name: 'STRICT mTLS and a caller without a certificate',
    policy:
      'apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: { name: strict, namespace: default }\nspec:\n  mtls:\n    mode: STRICT # as the platform asks\n',
    request: webToApi({}, { source: { address: '10.0.0.1' } }),
    decision: 'deny',
    reason: 'mtls_required',
    patch: '+    mode: PERMISSIVE # as the platform asks',
    request_: 'would be allowed if principal were "spiffe://cluster.local/ns/default/sa/other"',
  },
  {
    name: 'a policy in a List, behind another document',
    policy: `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: c, namespace: default }\n---\napiVersion: v1\nkind: List\nitems:\n${istio('ALLOW', '  - to:\n    - operation: { methods: [POST] }\n').replace(/^/gm, '    ').replace('    ', '  - ')}`,
    decision: 'deny',
    reason: 'no_rule_allowed',
    near: 'spec.rules[0].to[0].operation.methods 17:33',
    patch: '+        - operation: { methods: [POST, GET] }',
  },
  {
    name: "Calico's http: a path that the list lacks",
    registry,
    policy: calico('  - action: Allow\n    http:\n      methods: [GET]\n      paths:\n      - exact: /health\n'),
    decision: 'deny',
    reason: 'no_rule_allowed',
    near: 'spec.ingress[0].http.paths 12:7',
    patch: '+      - { exact: /orders/1 }',
    request_: 'would be allowed if path were "/health"',
  },
  {
    name: "Calico's tier ends: a rule before the others",
    registry,
    policy: calico('  - action: Deny\n    protocol: TCP\n  - action: Allow\n    protocol: UDP\n'),
    decision: 'deny',
    reason: 'rule_denied',
    patch: `+  - { action: Allow, protocol: TCP, source: { namespaceSelector: "projectcalico.org/name == 'default'", serviceAccounts: { names: [web] } }, destination: { ports: [8080] } }`,
  },
];

describe('explain', () => {
  for (const { name, policy, registry: pods, request = webToApi(), decision, reason, near, patch, request_ } of cases) {
    it(`${name}: ${decision}`, async () => {
      await using dir = await policyDir();
      dir.write(policy, pods);
      const told = await dir.explain(request);
      assert.equal(`${told.decision} ${told.reason}`, `${decision} ${reason}`);
      if (near !== undefined) {
        const { path, line, column } = told.nearMisses[0]!.first;
        assert.equal(`${path} ${line}:${column}`, near);
      }
      if (request_ !== undefined) assert.equal(told.flip.request?.text, request_);
      const flip = told.flip.policy;
      assert.ok(flip, 'no patch was found');
      if (patch !== undefined) assert.ok(flip.diff.split('\n').includes(patch), flip.diff);
      dir.patch(flip.diff);
      const after = await dir.explain(request);
      assert.notEqual(after.decision, decision, dir.policy());
    });
  }

  it('names the owner: by annotation, else by namespace', async () => {
    await using dir = await policyDir();
    const annotated = istio('DENY', '  - to: [{ operation: { paths: [/x] } }]\n', 'annotated').replace(
      'namespace: default',
      'namespace: default\n  annotations: { gatehouse.dev/owner: security }',
    );
    dir.write(
      `${annotated}---\n${istio('ALLOW', '  - {}\n', 'plain')}`,
      'apiVersion: v1\nkind: Namespace\nmetadata: { name: default, annotations: { gatehouse.dev/owner: shop-team } }\n',
    );
    const told = await dir.explain(webToApi());
    const owners = told.stages.flatMap(({ policies }) => policies.map(({ policy, owner }) => `${policy} ${owner}`));
    assert.deepEqual(owners, ['default/annotated security', 'default/plain shop-team']);
  });

  it('shows no token, neither in a clause nor in a change', async () => {
    await using dir = await policyDir();
    dir.write(istio('ALLOW', '  - when: [{ key: "request.headers[authorization]", values: ["Bearer good"] }]\n'));
    const told = await dir.explain(webToApi({ headers: { authorization: 'Bearer s3cret' } }));
    assert.equal(told.decision, 'deny');
    assert.doesNotMatch(JSON.stringify(told), /s3cret/);
  });
});
