import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import type { NativeRow } from '../../../../src/policy/compile-envoy/native-report.ts';
import { commandLine } from '../../../support/command-line.ts';
import { tempDir } from '../../../support/temp-dir.ts';

const rule = '{from: [{source: {principals: [cluster.local/ns/foo/sa/a], remoteIpBlocks: [10.0.0.0/8]}}]}';
const policies = `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: p, namespace: shop}
spec: {rules: [${rule}]}
---
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: r, namespace: shop}
spec: {selector: {matchLabels: {app: x}}, jwtRules: [{issuer: x, jwks: '{"keys":[]}'}]}
---
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: s, namespace: shop}
spec: {selector: {matchLabels: {app: yy}}, jwtRules: [{issuer: x, jwks: '{"keys":[]}', fromHeaders: [{name: host}]}]}
`;

const secret = Buffer.alloc(32).toString('base64url');
/** What rules for tokens come to. */
const cases: readonly { readonly name: string; readonly rule: string; readonly want: RegExp }[] = [
  {
    name: 'keys that will be fetched',
    rule: '{issuer: x, jwksUri: "https://x.example/keys"}',
    want: /whose token Envoy does not accept/,
  },
  {
    name: 'secrets',
    rule: `{issuer: x, jwks: '{"keys":[{"kty":"oct","k":"${secret}"}]}'}`,
    want: /may bring a token: the key set .* holds secrets, which stay here/,
  },
  {
    name: 'a prefix of two lines',
    rule: '{issuer: x, jwksUri: "https://x.example/keys", fromHeaders: [{name: x-jwt, prefix: "a\\nb"}]}',
    want: /may bring a token: the prefix of a token rule holds a line break/,
  },
];

describe('policy check --native', () => {
  for (const { name, rule: tokenRule, want } of cases)
    it(`says of rules for tokens why requests ask: ${name}`, async () => {
      await using dir = await tempDir();
      const document = policies.replace(`{issuer: x, jwks: '{"keys":[]}'}`, () => tokenRule);
      writeFileSync(dir.at('policies.yaml'), document);
      const { out } = await commandLine('policy', 'check', '--native', dir.at('.'), '--output', 'json');
      const { native } = JSON.parse(out) as { readonly native: readonly NativeRow[] }; // our own command's answer
      assert.match(native[0]?.asks.map(({ reason }) => reason).join('\n') ?? '', want);
    });

  it('tells which rule and which field of it asks, and which workloads ask about everything', async () => {
    await using dir = await tempDir();
    writeFileSync(dir.at('policies.yaml'), policies);
    const { out, code } = await commandLine('policy', 'check', '--native', dir.at('.'), '--output', 'json');
    assert.equal(code, 0);
    const { native } = JSON.parse(out) as { readonly native: readonly NativeRow[] }; // our own command's answer
    const [withTokens, strange, whole] = native;
    assert.deepEqual(withTokens?.labels, [['app', 'x']]);
    assert.equal(withTokens?.everything, undefined);
    assert.ok(
      withTokens?.asks.some(
        ({ reason }) => reason === 'requests that may bring a token: no key has come to verify them by',
      ),
    );
    assert.deepEqual(strange?.labels, [['app', 'yy']]);
    assert.match(strange?.everything ?? '', /a token rule reads or writes the header host/);
    assert.equal(whole?.everything, undefined);
    assert.deepEqual(
      whole?.asks.filter(({ policy }) => policy !== undefined).map((ask) => [ask.policy?.name, ask.rule, ask.field]),
      [['p', 0, 'remote address']],
    );
  });

  it('tells people the same, and without the option nothing', async () => {
    await using dir = await tempDir();
    writeFileSync(dir.at('policies.yaml'), policies);
    const { out } = await commandLine('policy', 'check', '--native', dir.at('.'));
    assert.match(out, /shop app=yy: everything asks: .*\n.*shop: Envoy decides/s);
    assert.match(out, /asks: shop\/p rule 0: remote address/);
    assert.doesNotMatch((await commandLine('policy', 'check', dir.at('.'))).out, /Envoy decides/);
  });
});
