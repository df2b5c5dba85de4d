import assert from 'node:assert/strict';
import type { RequestForm } from '../../../src/admin-api/request-form.ts';
import type { Explanation } from '../../../src/analysis/explain.ts';
import { requestOfPair } from '../../../src/analysis/pair.ts';
import { policyDir, webToApi } from '../../support/explaining.ts';

const pod = (name: string, address: string): string => `---
apiVersion: v1
kind: Pod
metadata: { name: ${name}-1, namespace: default, labels: { app: ${name} } }
spec: { serviceAccountName: ${name} }
status: { podIPs: [{ ip: ${address} }] }
`;
const registry = `apiVersion: v1
kind: Namespace
metadata: { name: default, labels: { team: shop } }
${pod('web', '10.0.0.1')}${pod('api', '10.0.0.2')}`;

const tokens = (issuer: string): string => `apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { name: ra, namespace: default }
spec: { jwtRules: [{ issuer: "${issuer}", jwks: '{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}' }] }
---
`;
const istio = (action: string, rule: string): string => `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: p, namespace: default }
spec:
  selector: { matchLabels: { app: api } }
  action: ${action}
  rules:
  - ${rule}
`;
const calico = (source: string): string => `apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: { name: default.p, namespace: default }
spec: { selector: "app == 'api'", ingress: [{ action: Allow, source: { ${source} } }] }
`;
const network = (ingress: string): string => `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: p, namespace: default }
spec: { podSelector: { matchLabels: { app: api } }, ingress: [${ingress}] }
`;
const anonymous: Partial<RequestForm> = { source: { address: '10.0.0.1', port: 4000 } };

async function explained(policy: string, request: RequestForm): Promise<Explanation> {
  await using dir = await policyDir();
  dir.write(policy, registry);
  return await dir.explain(request);
}

const clausesOf = ({ stages }: Explanation): string[] =>
  stages.flatMap(({ policies }) =>
    policies.flatMap(({ rules }) => rules.flatMap(({ clauses }) => clauses)).map(({ text }) => text),
  );

describe('explain in words', () => {
  const clauses: { name: string; policy: string; request?: RequestForm; want: string }[] = [
    {
      name: 'a pod that the registry knows, by its name and labels',
      policy: calico(`selector: "app == 'batch' && !has(old)"`),
      want: 'the caller is pod default/web-1 (app=web), must have (label app=batch and not label old) and namespace=default',
    },
    {
      name: 'labels of its namespace',
      policy: calico(`namespaceSelector: "team in {'a', 'b'}"`),
      want: 'the caller is pod default/web-1 (app=web), must have namespace label team in (a, b)',
    },
    {
      name: 'a service account',
      policy: calico('serviceAccounts: { names: [admin] }'),
      want: 'the caller is identity default/web, must have namespace=default and service account=admin',
    },
    {
      name: 'an address of no pod',
      policy: network('{ from: [{ podSelector: { matchLabels: { app: batch } } }] }'),
      request: webToApi({}, { source: { address: '10.9.9.9', port: 1 } }),
      want: "no pod of the registry has the caller's address, must have label app=batch and namespace=default",
    },
    {
      name: 'a named port',
      policy: network('{ from: [{ podSelector: {} }], ports: [{ port: metrics }] }'),
      want: `destination port 8080 is not the one that the destination's pod calls "metrics", must be`,
    },
    {
      name: 'a claim within a claim',
      policy: istio('ALLOW', 'when: [{ key: "request.auth.claims[realm_access][roles]", values: [admin] }]'),
      want: 'there is no claim [realm_access][roles], must be "admin"',
    },
    {
      name: 'a claim with dots in its name',
      policy: istio('ALLOW', 'when: [{ key: "request.auth.claims[realm_access.roles]", values: [admin] }]'),
      want: `there is no claim realm_access.roles, must be "admin" (the dots are part of the claim's name; a claim within a claim is request.auth.claims[realm_access][roles])`,
    },
  ];
  for (const { name, policy, request = webToApi(), want } of clauses)
    it(`says ${name}`, async () => {
      const told = clausesOf(await explained(policy, request));
      assert.ok(told.includes(want), told.join('\n'));
      assert.doesNotMatch(told.join(), /\{"|\\"op/);
    });

  const flips: { name: string; policy: string; request?: RequestForm; flip?: string; patch?: string }[] = [
    {
      name: 'no rule for everybody because there is no token, but a token of an issuer that is accepted',
      policy: tokens('https://i') + istio('ALLOW', 'from: [{ source: { requestPrincipals: ["*"] } }]'),
      request: webToApi({ path: '/' }, anonymous),
      flip: 'would be allowed if it brought a token in which claim iss were "https://i" and claim sub were "x"',
    },
    {
      name: 'nor one for the gateway that everybody comes through',
      policy: tokens('https://i') + istio('ALLOW', 'when: [{ key: "request.auth.claims[group]", values: [admin] }]'),
      request: webToApi({ path: '/' }),
      flip: 'would be allowed if it brought a token in which claim group were "admin"',
    },
    {
      name: 'nor an exception from a DENY of those without token',
      policy: tokens('https://i') + istio('DENY', 'from: [{ source: { notRequestPrincipals: ["*"] } }]'),
      flip: 'would be allowed if it brought a token in which claim iss were "https://i" and claim sub were "x"',
    },
    {
      name: 'no token where none is ever accepted',
      policy: istio('ALLOW', 'from: [{ source: { requestPrincipals: ["*"] } }]'),
    },
    {
      name: 'no token of an issuer that no RequestAuthentication accepts',
      policy: tokens('https://i') + istio('ALLOW', 'from: [{ source: { requestPrincipals: ["https://other/a"] } }]'),
    },
    {
      name: 'no rule without a caller',
      policy: istio('ALLOW', 'from: [{ source: { namespaces: [shop] } }]'),
      request: webToApi({ path: '/' }, anonymous),
      flip: 'would be allowed if principal were "spiffe://cluster.local/ns/shop/sa/other"',
    },
  ];
  for (const { name, policy, request = webToApi(), flip, patch } of flips)
    it(`advises ${name}`, async () => {
      const { flip: told, decision } = await explained(policy, request);
      assert.equal(decision, 'deny');
      assert.deepEqual([told.request?.text, told.policy?.diff], [flip, patch]);
    });

  it('says what to pass where labels are unknown', async () => {
    const destination = { principal: 'spiffe://cluster.local/ns/default/sa/other', address: '10.0.0.7', port: 80 };
    const { reason, summary } = await explained(istio('ALLOW', '{}'), webToApi({}, { destination }));
    assert.equal(reason, 'labels_unknown');
    assert.match(
      summary,
      /selects by label app, and nothing says the labels of spiffe:\/\/cluster.local\/ns\/default\/sa\/other; pass destination.labels: \{ "app": "…" \}/,
    );
    assert.match(summary, /--registry .*workloads\[\]\.labels.*--label app=/);
  });
});

describe('requestOfPair', () => {
  const endpoint = (name: string) => ({
    ...{
      namespace: 'default',
      name: `${name}-1`,
      serviceAccount: name,
      labels: [],
      addresses: ['10.0.0.1'],
      ports: [],
    },
    hostNetwork: false,
  });
  const around = {
    trustDomain: 'cluster.local',
    registry: {
      endpoints: [endpoint('details'), endpoint('web')],
      namespaces: [],
      serviceAccounts: [],
      networkSets: [],
    },
    workloads: [],
  };

  for (const [from, to, near] of [
    ['default/web', 'default/detials', 'default/details'],
    ['default/wb', 'default/details', 'default/web'],

    ['default/batch', 'default/details', undefined],
    ['default/web', 'spiffe://cluster.local/ns/default/sa/detail', undefined],
  ] as const)
    it(`${near === undefined ? 'takes' : 'refuses'} ${from} to ${to}`, () => {
      const ask = () => requestOfPair({ from, to }, around);
      if (near === undefined) assert.doesNotThrow(ask);
      else assert.throws(ask, { code: 'not_found', message: new RegExp(`did you mean ${near}\\?`) });
    });
});

describe('advice where some rules ask who calls and others are for everybody', () => {
  const rules = `from: [{ source: { principals: ["cluster.local/ns/default/sa/admin"] } }]
    to: [{ operation: { paths: ["/orders*"] } }]
  - to: [{ operation: { paths: ["/public/*"], methods: [GET] } }]`;

  it('never gives what is public a path that is not', async () => {
    const explanation = await explained(istio('ALLOW', rules), webToApi({ path: '/orders/1' }));
    assert.equal(explanation.decision, 'deny');
    const diff = explanation.flip.policy?.diff ?? '';
    assert.match(diff, /sa\/web/);
    assert.doesNotMatch(diff, /^\+.*"\/public\/\*", /m);
  });

  it('gives nobody without a token what a token opens', async () => {
    const policy = `${tokens('https://a')}${istio(
      'ALLOW',
      `to: [{ operation: { paths: ["/orders*"] } }]
    when: [{ key: "request.auth.claims[role]", values: [admin] }]
  - to: [{ operation: { paths: ["/public/*"] } }]`,
    )}`;
    for (const path of ['/orders/1', '/'])
      assert.equal((await explained(policy, webToApi({ path }))).flip.policy, undefined, path);
  });

  it('writes a rule of its own where another caller asks for another path', async () => {
    const two =
      'from: [{ source: { principals: ["cluster.local/ns/default/sa/admin"] } }]\n    to: [{ operation: { paths: ["/a"] } }]';
    const { flip } = await explained(istio('ALLOW', two), webToApi({ path: '/b' }));
    assert.match(flip.policy?.text ?? '', /default\/p had a rule for it/);
  });

  it('says a namespace as one', async () => {
    const explanation = await explained(istio('ALLOW', 'from: [{ source: { namespaces: [shop] } }]'), webToApi());
    assert.match(clausesOf(explanation).join(), /must be of namespace "shop"$/);
  });
});
