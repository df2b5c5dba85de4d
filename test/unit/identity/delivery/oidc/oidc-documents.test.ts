import assert from 'node:assert/strict';
import { oidcDocuments } from '../../../../../src/identity/delivery/oidc/oidc-documents.ts';

const ec = { kty: 'EC', crv: 'P-256', x: 'eA', y: 'eQ', alg: 'ES256' };
const rsa = { kty: 'RSA', n: 'bg', e: 'AQAB', alg: 'RS384' };
const bundle = {
  jwtAuthorities: [
    { keyId: 'one', jwk: ec },
    { keyId: 'two', jwk: rsa },
  ],
};

describe('OIDC documents', () => {
  it('give each key in the one form that every client takes: use sig, alg, kid, and nothing private', () => {
    const { keys } = oidcDocuments('https://oidc.example.org', {
      jwtAuthorities: [{ keyId: 'one', jwk: { ...ec, d: 'secret' } }, bundle.jwtAuthorities[1]!],
    })!;
    assert.equal(keys.path, '/keys');
    assert.deepEqual(JSON.parse(keys.body), {
      keys: [
        { kty: 'EC', use: 'sig', alg: 'ES256', kid: 'one', crv: 'P-256', x: 'eA', y: 'eQ' },
        { kty: 'RSA', use: 'sig', alg: 'RS384', kid: 'two', n: 'bg', e: 'AQAB' },
      ],
    });
  });

  it('name every algorithm of the keys that are published, so that a new one is known before it signs', () => {
    const { discovery } = oidcDocuments('https://oidc.example.org', bundle)!;
    assert.equal(discovery.path, '/.well-known/openid-configuration');
    assert.deepEqual(JSON.parse(discovery.body), {
      issuer: 'https://oidc.example.org',
      jwks_uri: 'https://oidc.example.org/keys',
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256', 'RS384'],
      claims_supported: ['sub', 'aud', 'exp', 'iat', 'iss', 'jti'],
    });
  });

  it('lie below the path of an issuer that has one (OpenID Connect Discovery §4)', () => {
    const { discovery, keys } = oidcDocuments('https://example.org:8443/mesh/a', bundle)!;
    assert.equal(discovery.path, '/mesh/a/.well-known/openid-configuration');
    assert.equal(keys.path, '/mesh/a/keys');
    assert.equal(JSON.parse(discovery.body).jwks_uri, 'https://example.org:8443/mesh/a/keys');
  });

  it('are none while there is no key: an empty set is an error to clients', () => {
    assert.equal(oidcDocuments('https://oidc.example.org', { jwtAuthorities: [] }), undefined);
  });
});
