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

describe('policy check --native', () => {
  it('tells which rule and which field of it asks, and which workloads ask about everything', async () => {
    await using dir = await tempDir();
    writeFileSync(dir.at('policies.yaml'), policies);
    const { out, code } = await commandLine('policy', 'check', '--native', dir.at('.'), '--output', 'json');
    assert.equal(code, 0);
    const { native } = JSON.parse(out) as { readonly native: readonly NativeRow[] }; // our own command's answer
    const [withTokens, strange, whole] = native;
    assert.deepEqual(withTokens?.labels, [['app', 'x']]);
    assert.equal(withTokens?.everything, undefined);
    assert.ok(withTokens?.asks.some(({ reason }) => reason === 'requests that may bring a token'));
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
