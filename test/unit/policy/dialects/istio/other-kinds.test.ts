import assert from 'node:assert/strict';
import { usualDialect } from '../../../../../src/policy/dialects/contribution.ts';
import type { TokenPolicy, TransportPolicy } from '../../../../../src/policy/model.ts';
import { readPolicies } from '../../../../../src/policy/read-policies.ts';

function read(kind: string, spec: string, metadata = 'name: a, namespace: foo') {
  const text = `apiVersion: security.istio.io/v1\nkind: ${kind}\nmetadata: {${metadata}}\nspec: ${spec}\n`;
  const { documents, findings } = readPolicies('a.yaml', text, usualDialect);
  assert.deepEqual(
    findings.filter(({ severity }) => severity === 'error'),
    [],
  );
  return documents[0]?.contribution;
}

function transport(spec: string, metadata?: string): TransportPolicy | undefined {
  const contribution = read('PeerAuthentication', spec, metadata);
  return contribution?.to === 'istio-transport' ? contribution.policy : undefined;
}

function tokens(spec: string): TokenPolicy {
  const contribution = read('RequestAuthentication', spec);
  assert.ok(contribution?.to === 'istio-tokens');
  return contribution.policy;
}

const selector = 'selector: {matchLabels: {app: a}}';

describe('PeerAuthentication', () => {
  it('knows its scope by namespace and selector', () => {
    const scopes = [
      transport('{mtls: {mode: STRICT}}', 'name: a, namespace: istio-system'),
      transport('{mtls: {mode: PERMISSIVE}}'),
      transport(`{${selector}, mtls: {mode: DISABLE}}`),
      transport('{selector: {matchLabels: {}}}'),
    ].map((policy) => [policy?.scope, policy?.mode]);
    assert.deepEqual(scopes, [['mesh', 'strict'], ['namespace', 'permissive'], ['workload', 'disable'], ['namespace', 'unset']]); // biome-ignore format: a row
  });

  it('does nothing with a selector in the root namespace', () => {
    assert.equal(transport(`{${selector}, mtls: {mode: STRICT}}`, 'name: a, namespace: istio-system'), undefined);
  });

  it('reads modes for ports, and when it was created', () => {
    const policy = transport(
      `{${selector}, portLevelMtls: {80: {mode: STRICT}, "443": {}}}`,
      'name: a, namespace: foo, creationTimestamp: "2026-01-01T00:00:00Z"',
    );
    assert.deepEqual(policy?.ports, [[80, 'strict'], [443, 'unset']]); // biome-ignore format: a row
    assert.equal(policy?.createdAtMs, Date.UTC(2026, 0, 1));
  });
});

describe('RequestAuthentication', () => {
  it('reads a rule with nothing but an issuer', () => {
    const [rule] = tokens('{jwtRules: [{issuer: "https://a"}]}').rules;
    assert.deepEqual(rule, {
      position: { file: 'a.yaml', line: 4, column: 19 },
      issuer: 'https://a',
      audiences: [],
      keys: { from: 'discovery', id: 'discovery:https://a', issuer: 'https://a' },
      fromHeaders: [],
      fromParams: [],
      fromCookies: [],
      forwardOriginalToken: false,
      outputPayloadToHeader: '',
      outputClaimToHeaders: [],
      spaceDelimitedClaims: ['permission', 'scope'],
      fetchTimeoutMs: 5000,
    });
  });

  it('reads every field', () => {
    const [rule] = tokens(
      '{jwtRules: [{issuer: a, audiences: [b], jwksUri: "https://k", fromHeaders: [{name: X-Jwt, prefix: "T "}], fromParams: [p], fromCookies: [c], forwardOriginalToken: true, outputPayloadToHeader: X-P, outputClaimToHeaders: [{header: X-C, claim: a.b}], spaceDelimitedClaims: [roles], timeout: 1.5s}]}',
    ).rules;
    assert.deepEqual({ ...rule, position: undefined }, {
      position: undefined,
      issuer: 'a',
      audiences: ['b'],
      keys: { from: 'uri', id: 'uri:https://k', uri: 'https://k' },
      fromHeaders: [{ name: 'x-jwt', prefix: 'T ' }],
      fromParams: ['p'],
      fromCookies: ['c'],
      forwardOriginalToken: true,
      outputPayloadToHeader: 'x-p',
      outputClaimToHeaders: [{ header: 'x-c', claim: 'a.b' }],
      spaceDelimitedClaims: ['permission', 'roles', 'scope'],
      fetchTimeoutMs: 1500,
    }); // biome-ignore format: a row
  });

  it('prefers inline keys, then the address, then discovery', () => {
    const from = (rule: string): string => tokens(`{jwtRules: [{${rule}}]}`).rules[0]!.keys.from;
    assert.equal(from('issuer: a, jwks: \'{"keys":[]}\''), 'inline');
    assert.equal(from('issuer: a, jwks_uri: "https://k"'), 'uri');
    assert.equal(from('issuer: a, jwks: ""'), 'discovery');
  });
});
