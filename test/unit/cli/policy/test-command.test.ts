import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { policyTestJsonSchema } from '../../../../src/analysis/policy-test/json-schema.ts';
import { runCommandLine } from '../../../../src/cli/program.ts';
import { recordingTerminal } from '../../../support/recording-terminal.ts';
import { type TempDir, tempDir } from '../../../support/temp-dir.ts';

const policies = `apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { name: tokens, namespace: default }
spec: { jwtRules: [{ issuer: shop, audiences: [orders], jwksUri: "https://keys.example/jwks" }] }
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: api, namespace: default }
spec:
  rules:
  - to: [{ operation: { methods: [GET] } }]
  - from: [{ source: { requestPrincipals: [shop/alice] } }]
    to: [{ operation: { methods: [POST] } }]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: trial, namespace: default, annotations: { istio.io/dry-run: "true" } }
spec: { action: DENY, rules: [{ to: [{ operation: { paths: ["/old*"] } }] }] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: from-web, namespace: default }
spec: { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: 10.0.0.0/24 } }] }] }
`;

const head = `policies: [policies.yaml]
now: 2026-01-31T12:00:00Z
defaults:
  source: { principal: spiffe://cluster.local/ns/default/sa/web, address: 10.0.0.1 }
  destination: { principal: spiffe://cluster.local/ns/default/sa/api, labels: { app: api } }
tests:
`;

async function run(dir: TempDir, tests: string, ...args: readonly string[]) {
  writeFileSync(dir.at('policies.yaml'), policies);
  writeFileSync(dir.at('tests.yaml'), head + tests);
  const terminal = recordingTerminal();
  await runCommandLine(['policy', 'test', dir.at('tests.yaml'), ...args], terminal);
  return terminal.said;
}

interface Case {
  readonly name: string;
  readonly test: string;
  /** What the test's failure says; undefined: it passes. */
  readonly wrong?: RegExp;
}

const get = 'request: { http: { method: GET, path: /x } }';
const post = 'request: { http: { method: POST, path: /x } }';
const alice = '{ iss: shop, sub: alice, aud: orders';

const cases: readonly Case[] = [
  { name: 'an allow', test: `${get}, expect: { decision: allow, policy: default/api, rule: 0 }` },
  {
    name: 'another decision',
    test: `${get}, expect: { decision: deny }`,
    wrong: /decision {2}expected deny\n {16}but was {2}allow/,
  },
  { name: 'another rule', test: `${get}, expect: { decision: allow, rule: 1 }`, wrong: /rule {2}expected 1/ },
  { name: 'no policy', test: `${post}, expect: { decision: deny, reason: no_rule_allowed, policy: null }` },
  { name: 'claims', test: `${post}, token: { claims: ${alice} } }, expect: { decision: allow, rule: 1 }` },
  {
    name: 'another subject',
    test: `${post}, token: { claims: { iss: shop, sub: eve, aud: orders } }, expect: { decision: deny, reason: no_rule_allowed }`,
  },
  {
    name: 'another audience',
    test: `${post}, token: { claims: { iss: shop, sub: alice, aud: pay } }, expect: { decision: deny, reason: audience_denied }`,
  },
  {
    name: 'another issuer',
    test: `${post}, token: { claims: { iss: elsewhere } }, expect: { decision: deny, reason: token_invalid }`,
  },
  {
    name: 'a token that is still good then',
    test: `${post}, token: { claims: ${alice}, exp: 1769860900 } }, expect: { decision: allow }`,
  },
  {
    name: 'a token that has expired by then',
    test: `${post}, now: "2026-02-01T00:00:00Z", token: { claims: ${alice}, exp: 1769860900 } }, expect: { decision: deny, reason: token_invalid }`,
  },
  {
    name: 'a refused token',
    test: `${get}, token: { rejected: { status: 401 } }, expect: { decision: deny, reason: token_invalid }`,
  },
  {
    name: 'a dry run',
    test: 'request: { http: { method: GET, path: /old/1 } }, expect: { decision: allow, dryRun: deny }',
  },
  {
    name: 'an observed plane',
    test: `request: { source: { address: 192.0.2.1 }, http: { method: GET, path: / } }, expect: { decision: allow, planes: { l4: { decision: deny } } }`,
  },
  {
    name: 'a plane that says otherwise',
    test: `${get}, expect: { decision: allow, planes: { l4: { decision: deny } } }`,
    wrong: /planes\.l4\.decision {2}expected deny/,
  },
  {
    name: 'a plane that is not there',
    test: `${get}, expect: { decision: allow, planes: { calico: { decision: deny } } }`,
    wrong: /there is no such plane/,
  },
];

describe('gatehouse policy test', () => {
  for (const { name, test, wrong } of cases) {
    it(`${wrong === undefined ? 'passes' : 'fails'}: ${name}`, async () => {
      await using dir = await tempDir();
      const { out, err, code } = await run(dir, `- { name: t, ${test} }\n`);
      assert.equal(code, wrong === undefined ? 0 : 1, out + err);
      if (wrong !== undefined) assert.match(out, wrong);
    });
  }

  it('counts the rules that decide, and fails below a minimum', async () => {
    await using dir = await tempDir();
    const tests = `- { name: t, ${get}, expect: { decision: allow } }\n`;
    const { out, code } = await run(dir, tests, '--min-coverage', '75');
    assert.equal(code, 1);
    assert.match(out, /^2 of 4 rules decided a test \(50%, which is less than 75%\)$/m);
    assert.match(out, /default\/api rule 1 \(AuthorizationPolicy\) {2}\S+policies\.yaml:12 {2}no test touches it/);
    assert.equal((await run(dir, tests, '--min-coverage', '50%')).code, 0);
  });

  it('says in JSON what failed, with its explanation', async () => {
    await using dir = await tempDir();
    const { out, code } = await run(dir, `- { name: t, ${post}, expect: { decision: allow } }\n`, '--output', 'json');
    assert.equal(code, 1);
    const told = JSON.parse(out) as {
      ok: boolean;
      failed: number;
      files: { tests: { explanation: { nearMisses: unknown[] } }[] }[];
    };
    assert.equal(told.ok, false);
    assert.equal(told.failed, 1);
    assert.ok(told.files[0]!.tests[0]!.explanation.nearMisses.length > 0);
  });

  it('cannot run what is no file of tests, and names the places', async () => {
    await using dir = await tempDir();
    const { err, code } = await run(dir, '- name: t\n  request: {}\n  expects: { decision: allow }\n');
    assert.equal(code, 2);
    assert.match(err, /tests\.yaml:7:3: tests\.0\.expect: /);
    assert.match(err, /tests\.yaml:9:3: tests\.0: there is no "expects" \(did you mean expect\?\)/);
  });

  const wrongRequests: readonly (readonly [name: string, test: string, told: RegExp])[] = [
    [
      'a member that nobody knows',
      'http: { methods: GET }',
      /:7:33: tests\.0\.request\.http: there is no "methods" \(did you mean method\?\)\n$/,
    ],
    [
      'an address that is none',
      'source: { address: 10.0.0.300 }',
      /:7:44: tests\.0\.request\.source\.address: this is no IP address/,
    ],
    ['a port in quotes', "destination: { port: '80' }", /tests\.0\.request\.destination\.port: .*expected number/],
    ['a list for a part', 'http: [a]', /tests\.0\.request\.http: /],
    ['a part that is none', 'source: 5', /tests\.0\.request\.source: /],
  ];
  for (const [name, request, told] of wrongRequests) {
    it(`cannot run a request that is none, and names the place: ${name}`, async () => {
      await using dir = await tempDir();
      const { err, code } = await run(dir, `- { name: t, request: { ${request} }, expect: { decision: allow } }\n`);
      assert.equal(code, 2, err);
      assert.match(err, told);
    });
  }

  it('has its schema in docs/policy-test.schema.json; `gatehouse policy test --schema` renews it', () => {
    assert.deepEqual(
      JSON.parse(readFileSync('docs/policy-test.schema.json', 'utf8')),
      JSON.parse(policyTestJsonSchema()),
    );
  });

  it('passes for the policies of the quick start, every rule of them', async () => {
    const terminal = recordingTerminal();
    await runCommandLine(['policy', 'test', 'deploy/policies.test.yaml', '--min-coverage', '100'], terminal);
    assert.equal(terminal.said.code, 0, terminal.said.out + terminal.said.err);
  });

  for (const [name, test] of [
    ['a header', '- { name: a, request: { http: { headers: { __proto__: a } } }, expect: { decision: deny } }'],
    ['a claim', `- { name: a, ${get}, token: { claims: { __proto__: a } }, expect: { decision: deny } }`],
  ] as const)
    it(`refuses ${name} that is called __proto__, which would be lost`, async () => {
      await using dir = await tempDir();
      const { code, err } = await run(dir, test);
      assert.notEqual(code, 0);
      assert.match(err, /tests\.yaml:7:\d+: no name may be __proto__/);
    });
});
